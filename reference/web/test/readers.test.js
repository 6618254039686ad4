/** A long sync, whose frames workers read. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encode } from "../src/core.js";
import { Client, MemoryStore } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { member, open, publicKeyOf, until, words } from "./servers/member.js";
import { NodeWorker } from "./servers/node-worker.js";
import { Scripted } from "./servers/scripted.js";
import { stopped } from "./servers/two-members.js";
import { readAccounts } from "./vectors/files.js";

/** Enough for workers. */
const COUNT = 620;
const PER_FRAME = 20;
/** The block that comes to nothing, in a frame in the midst. */
const BAD = 431;
let chain;

before(async () => {
  chain = await ChainMaker.found(["m01", "m02"]);
  const epoch = await chain.epoch("m02", ["m01", "m02"]);
  for (let at = 0; at < COUNT / 2; at++) await chain.message("m02", epoch, `words ${at}`);
  await chain.add("authority", "roster", { add: [encode(publicKeyOf("m03"))], remove: [] });
  await chain.add("m03", "card", { x25519: readAccounts().find(({ name }) => name === "m03").x25519_public });
  const wider = await chain.epoch("m03", ["m01", "m02", "m03"]);
  for (let at = COUNT / 2; at < COUNT; at++) await chain.message(at % 2 ? "m02" : "m03", wider, `words ${at}`);
});

let server;
/** Taken out of a backup once: that takes its time. */
let identity;
const clients = [];
after(async () => {
  for (const client of clients) await client.close();
  await server?.end();
});

/** Somebody who has nothing yet, with workers made by `make`. Gives those that were made. */
async function newcomer(make, { script = {}, ...options } = {}) {
  server ??= await Scripted.start(chain);
  server.chain = chain;
  server.script = { perFrame: PER_FRAME, ...script };
  const made = [];
  const worker = make && (() => {
    const one = make(made.length);
    made.push(one);
    return one;
  });
  const store = new MemoryStore();
  const commits = [];
  const commit = store.commit.bind(store);
  store.commit = (changes) => {
    commits.push(changes.filter(({ table }) => table === "blocks").length);
    return commit(changes);
  };
  identity ??= await (await member("m01")).store.get("identity", "identity");
  await store.commit([{ table: "identity", key: "identity", value: identity }]);
  const client = await Client.open({ store, worker, ...options });
  clients.push(client);
  const community = await client.join(server.invitation);
  return { client, community, made, commits };
}

const asked = (made) => made.reduce((sum, { asked }) => sum + asked, 0);

test("a long sync is read by workers, all but its first frame, and is what it is without them; what comes later is not", async () => {
  const [alone, helped] = [await newcomer(null), await newcomer(() => new NodeWorker())];
  for (const { community } of [alone, helped]) {
    community.connect();
    await open(community);
    assert.equal(community.size, chain.tree.size);
    assert.equal(community.head, chain.head);
    assert.equal(community.everyone.count, COUNT);
  }
  const texts = await words(helped.community.everyone);
  assert.deepEqual(texts, await words(alone.community.everyone));
  assert.equal(texts.at(-1), `words ${COUNT - 1}`);
  const frames = Math.ceil(chain.tree.size / PER_FRAME);
  assert.ok(helped.made.length >= 2);
  assert.ok(asked(helped.made) >= frames - 4 && asked(helped.made) < frames, `${asked(helped.made)} of ${frames} frames`);
  assert.ok(helped.made.every(({ asked, keys }) => asked > 0 && keys <= 4), "each works, and is told each key once");
  assert.ok(helped.made.every(({ isTerminated }) => isTerminated), "no worker outlives the sync");
  const before = asked(helped.made);
  await chain.message("m02", await chain.epoch("m02", ["m01", "m02", "m03"]), "afterwards");
  for (const block of chain.blocks.slice(-2)) server.push(block);
  await until(helped.community, "what is new", () => helped.community.everyone.count === COUNT + 1);
  assert.equal(asked(helped.made), before);
});

test("blocks that come in many frames are kept together, and never more than a breath of them at once", async () => {
  for (const perFrame of [PER_FRAME, 200]) {
    const { community, commits } = await newcomer(() => new NodeWorker(), { script: { perFrame } });
    community.connect();
    await open(community);
    const ofBlocks = commits.filter((count) => count > 0);
    const frames = Math.ceil(chain.tree.size / PER_FRAME);
    assert.ok(ofBlocks.length < frames, `${ofBlocks.length} commits of ${frames} frames`);
    assert.ok(Math.max(...ofBlocks) <= 64);
  }
});

test("for a short sync no worker is made", async () => {
  const whole = chain;
  chain = await ChainMaker.found(["m01"]);
  try {
    await server?.end();
    server = null;
    const { community, made } = await newcomer(() => new NodeWorker());
    community.connect();
    await open(community);
    assert.equal(made.length, 0);
  } finally {
    chain = whole;
    await server.end();
    server = null;
  }
});

const lie = (change) => (frame) => {
  const block = frame.blocks.find(({ index }) => index === BAD);
  if (block) change(block, frame);
  return frame;
};
const FAULTS = {
  malformed: lie((block) => {
    delete block.entry.seen;
  }),
  unknown_kind: lie((block) => {
    block.entry.kind = "poem";
  }),
  bad_signature: lie(({ entry }) => {
    entry.signature = `${entry.signature[0] === "A" ? "B" : "A"}${entry.signature.slice(1)}`;
  }),
  bad_ciphertext: lie(({ entry: { body } }) => {
    body.ciphertext = `${body.ciphertext[0] === "A" ? "B" : "A"}${body.ciphertext.slice(1)}`;
  }),
  bad_prev: lie((block) => {
    block.prev = block.entry.author;
  }),
  bad_index: (frame) => (frame.from <= BAD && frame.from + PER_FRAME > BAD ? { ...frame, from: frame.from + 1 } : frame),
};

for (const [code, blocks] of Object.entries(FAULTS))
  test(`${code} in a frame that was read ahead: the same is found, and the same is held, as without workers`, async () => {
    const found = [];
    for (const make of [null, () => new NodeWorker()]) {
      const { community, made } = await newcomer(make, { script: { blocks } });
      community.connect();
      if (code === "malformed" || code === "unknown_kind") await until(community, "the refusal", () => !["offline", "connecting", "joining", "syncing"].includes(community.state.name));
      else await stopped(community);
      found.push({ name: community.state.name, code: community.state.finding?.code ?? community.state.code, size: community.size, head: community.head });
      if (make) assert.ok(asked(made) > 0);
      await community.disconnect();
    }
    assert.equal(found[0].code, code);
    assert.deepEqual(found[1], found[0]);
    // A frame that has no form is refused as a whole; a block that does not fit leaves those before it.
    const inFrame = BAD - (BAD % PER_FRAME);
    assert.equal(found[0].size, ["bad_signature", "bad_ciphertext", "bad_prev"].includes(code) ? BAD : inFrame);
  });

const silent = { postMessage() {}, terminate() {} };
const USELESS = {
  "that cannot be made": () => {
    throw new Error("no workers here");
  },
  "whose script is not there": () => new NodeWorker(new URL("nowhere.js", import.meta.url)),
  "that dies over its first frame": () =>
    Object.assign(Object.create({ terminate() {} }), {
      postMessage() {
        queueMicrotask(() => this.onerror?.({}));
      },
    }),
  "that says nothing": () => ({ ...silent }),
  "that dies in the midst": () => {
    const worker = new NodeWorker();
    const post = worker.postMessage.bind(worker);
    worker.postMessage = (message) => {
      if (worker.asked === 4) worker.onerror(new Error("dead"));
      else post(message);
    };
    return worker;
  },
};

for (const [what, make] of Object.entries(USELESS))
  test(`a worker ${what}: all comes in without it, and no other is made`, async () => {
    const { community, made } = await newcomer(make, { patience: { answer: 400 } });
    community.connect();
    await open(community);
    assert.deepEqual([community.size, community.head], [chain.tree.size, chain.head]);
    assert.deepEqual(community.findings, []);
    const { length } = made;
    await community.disconnect();
    await community.ledger.forget("for a second sync");
    community.connect();
    await open(community);
    assert.deepEqual([community.size, made.length], [chain.tree.size, length]);
  });
