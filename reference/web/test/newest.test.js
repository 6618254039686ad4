/** The newest messages of a community that went on for long without us, before all of it is verified. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encode } from "../src/core.js";
import { Client, MemoryStore } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { accountOf, member, open, publicKeyOf, until, words } from "./servers/member.js";
import { verifyInPython } from "./servers/python.js";
import { Scripted } from "./servers/scripted.js";
import { convicted, stopped } from "./servers/two-members.js";
import { readAccounts } from "./vectors/files.js";

const EVERY = ["m01", "m02"];
/** What was there when we left, and what came since: under an epoch that we know, and then under one that began after we left. */
let short;
let chain;
let epoch;
let later;
let server;
/** Taken out of a backup once: that takes its time. */
let identity;
const clients = [];

before(async () => {
  chain = await ChainMaker.found(EVERY);
  epoch = await chain.epoch("m02", EVERY);
  for (const text of ["one", "two"]) await chain.message("m02", epoch, text);
  short = chain.copy();
  for (let at = 0; at < 900; at++) await chain.message("m02", epoch, `old ${at}`);
  later = await chain.epoch("m02", EVERY);
  for (let at = 0; at < 200; at++) await chain.message("m02", later, `new ${at}`);
  identity = await (await member("m01")).store.get("identity", "identity");
  server = await Scripted.start(chain);
});

after(async () => {
  for (const client of clients) await client.close();
  await server.end();
});

const asIs = (answer) => answer;

/** A device that was here before the others went on; `shown` is what it finds, and the sync waits until `go` is called. */
async function returning({ from = short, to = chain, script = {}, ...options } = {}) {
  server.chain = from;
  server.script = {};
  const store = new MemoryStore();
  await store.commit([{ table: "identity", key: "identity", value: identity }]);
  const client = await Client.open({ store, ...options });
  clients.push(client);
  const community = await client.join(server.invitation);
  community.connect();
  await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
  await community.everyone.markRead(community.everyone.count);
  await community.disconnect();
  let go;
  const gate = new Promise((resolve) => {
    go = resolve;
  });
  server.chain = to;
  server.asked = [];
  server.script = { perFrame: 50, before: () => gate, requests: asIs, ...script };
  const earlies = [];
  community.on("early", (early) => earlies.push(early));
  community.connect();
  return { client, community, go, earlies };
}

const texts = ({ everyone }) => everyone.early.map(({ content, closed }) => content?.text ?? `(${closed})`);
const early = (community) => until(community, "early messages", () => community.early && community.everyone.early.length > 0 && community.early);
const newest = Array.from({ length: 64 }, (_, at) => `new ${136 + at}`);

test("who was away sees the newest messages before the rest, and then all of them once", async () => {
  const { community, go, earlies } = await returning();
  const shown = await until(community, "early messages", () => community.everyone.early.length > 0 && community.early);
  const { size } = short.tree;
  assert.equal(community.size, size);
  assert.deepEqual(shown, { from: chain.tree.size - 64, to: chain.tree.size, more: 0 });
  assert.deepEqual(texts(community), newest);
  const last = community.everyone.early.at(-1);
  assert.deepEqual([last.index, last.author, last.status, last.number], [chain.tree.size - 1, accountOf("m02"), "early", undefined]);
  // Nothing else knows of them. [CHECK-22]
  assert.deepEqual([community.everyone.count, community.everyone.unread, community.everyone.read], [2, 0, 2]);
  assert.deepEqual(await words(community.everyone), ["one", "two"]);
  assert.deepEqual(await community.ledger.store.range("blocks", [community.id, size], [community.id, Infinity]), []);
  assert.equal(await community.everyone.numberOf(last.id), null);
  // The gap closes; at each moment a message is in one of the two places.
  const sums = new Set();
  community.on("blocks", () => sums.add(community.early && community.size > community.early.to - 64 ? community.everyone.count + community.everyone.early.length : "gap"));
  go();
  await open(community);
  assert.equal(community.early, null);
  assert.equal(earlies.at(-1), null);
  assert.deepEqual(community.everyone.early, []);
  assert.deepEqual((await words(community.everyone)).slice(-64), newest);
  assert.equal(community.everyone.count, 1102);
  assert.equal(community.everyone.unread, 1100);
  assert.ok([...sums].every((sum) => sum === "gap" || sum === 1102), [...sums].join());
  assert.equal(community.checkpoint.size, chain.tree.size);
  assert.equal(await community.ledger.store.get("facts", [community.id, "promised"]), undefined);
});

test("one proof and one window are asked for where the epochs are known, and more of what is in front until the newest epoch is there", async () => {
  const old = short.copy();
  for (let at = 0; at < 1050; at++) old.append(structuredClone(at < 900 ? chain.blocks[short.tree.size + at] : await made(old, at)));
  const { community, go } = await returning({ to: old });
  await early(community);
  const { size } = old.tree;
  assert.deepEqual(server.asked, [`/v1/proofs/consistency?from=${short.tree.size}&to=${size}`, `/v1/blocks?from=${size - 64}&limit=64`]);
  go();
  await open(community);

  const other = await returning();
  await early(other.community);
  assert.deepEqual(server.asked.slice(1), [`/v1/blocks?from=${chain.tree.size - 64}&limit=64`, `/v1/blocks?from=${chain.tree.size - 512}&limit=448`]);
  other.go();
  await open(other.community);
});

/** A message more under the epoch that is known, taken off again for `append`. */
async function made(onto, at) {
  const one = onto.copy();
  await one.message("m02", epoch, `more ${at}`);
  return one.blocks.at(-1);
}

/** The chain, and behind it blocks of `m02` that `change` makes something else of. */
async function forged(change, by = "m02") {
  const other = chain.copy();
  const one = chain.copy();
  await one.message(by, later, "forged");
  const block = structuredClone(one.blocks.at(-1));
  change(block);
  other.append(block);
  return other;
}

/** A story that parts from the chain behind what the device holds. */
async function another() {
  const other = short.copy();
  for (let at = 0; at < 1002; at++) await other.message("m02", epoch, `unsaid ${at}`);
  return other;
}

const flipped = (text) => `${text[0] === "A" ? "B" : "A"}${text.slice(1)}`;
const inBlocks = (change) => (answer) => {
  if (answer.blocks) change(answer.blocks, answer);
  return answer;
};

const LIES = {
  "a window that does not link to the head that is signed for": {
    code: "fork",
    requests: inBlocks((blocks) => {
      blocks.at(-1).time += 1;
    }),
  },
  "a window whose blocks are not linked to each other": {
    code: "bad_prev",
    requests: inBlocks((blocks) => {
      blocks[20].entry.signature = flipped(blocks[20].entry.signature);
    }),
  },
  "a window with the words of somebody else": {
    code: "bad_ciphertext",
    requests: inBlocks((blocks) => {
      blocks[20].entry.body.ciphertext = flipped(blocks[20].entry.body.ciphertext);
    }),
  },
  "another window than the one that was asked for": {
    code: "bad_index",
    requests: inBlocks((blocks, answer) => {
      answer.from -= 1;
    }),
  },
  "a window that begins elsewhere than it says": {
    code: "bad_index",
    requests: inBlocks((blocks) => {
      blocks.splice(3, 1);
    }),
  },
  "a proof that does not lead to both roots": {
    code: "bad_consistency",
    requests: (answer) => (answer.path ? { ...answer, path: answer.path.map(flipped) } : answer),
  },
  "a proof of less hashes": {
    code: "bad_consistency",
    requests: (answer) => (answer.path ? { ...answer, path: answer.path.slice(1) } : answer),
  },
  "a block that its author has not signed": {
    code: "bad_signature",
    forge: ({ entry }) => {
      entry.signature = flipped(entry.signature);
    },
  },
  "an entry that its author signed once, long ago": {
    code: "bad_seq",
    forge: (block) => {
      block.entry = structuredClone(short.blocks.at(-1).entry);
    },
  },
  "an entry of another community": {
    code: "wrong_community",
    forge: ({ entry }) => {
      entry.community = accountOf("m01");
    },
  },
  "an entry whose author has seen others of the newest blocks": {
    code: "bad_seen",
    forge: ({ entry }) => {
      entry.seen.hash = accountOf("m01");
    },
  },
  "an entry whose author has seen another chain than the one that is held": {
    code: "bad_seen",
    by: "m01",
    forge: ({ entry }) => {
      entry.seen = { size: short.tree.size, hash: accountOf("m01") };
    },
  },
  "an entry whose author has seen less than before": {
    code: "bad_seen",
    forge: ({ entry }) => {
      entry.seen = { size: short.tree.size, hash: short.head };
    },
  },
  "a block that is older than the one before it": {
    code: "bad_time",
    forge: (block) => {
      block.time = chain.blocks.at(-1).time - 1;
    },
  },
};

for (const [what, { code, requests = asIs, forge, by }] of Object.entries(LIES))
  test(`${what} is found out before the sync has begun, shown to nobody, and stops it`, async () => {
    const to = forge ? await forged(forge, by) : chain;
    const { community, earlies } = await returning({ to, script: { requests } });
    assert.equal((await stopped(community)).code, code);
    assert.equal(community.size, short.tree.size);
    assert.deepEqual(earlies.filter(Boolean), []);
    assert.deepEqual(texts(community), []);
  });

test("a checkpoint of another story than the one that is held has no proof, and is evidence", async () => {
  const own = short.copy();
  await own.message("m02", epoch, "three");
  const other = await another();
  const { community, go, earlies } = await returning({ from: own, to: other });
  assert.equal((await stopped(community)).code, "bad_consistency");
  go();
  await until(community, "evidence", () => community.state.finding?.evidence && community.state.finding);
  assert.equal(community.findings.at(-1).code, "fork");
  assert.deepEqual(earlies.filter(Boolean), []);
});

test("what was shown early and is not what the sync brings is a fork, and is shown no longer", async () => {
  const other = await another();
  const { community, go } = await returning({ script: { shown: other, checkpoint: () => other.checkpoint() } });
  await early(community);
  assert.equal(texts(community).at(-1), "unsaid 1001");
  go();
  assert.equal((await stopped(community)).code, "fork");
  assert.equal(community.early, null);
  assert.deepEqual(texts(community), []);
});

for (const isRestarted of [false, true])
  test(`what was shown early binds the server over connections${isRestarted ? ", and over starts of the program" : ""}`, async () => {
    const other = await another();
    const { client, community, go } = await returning({ script: { shown: other, checkpoint: () => other.checkpoint() } });
    await early(community);
    server.script = { perFrame: 50 };
    const again = async () => {
      if (!isRestarted) {
        community.drop();
        community.wake();
        return community;
      }
      await community.disconnect();
      const next = (await Client.open({ store: client.store })).communities[0];
      clients.push({ close: () => next.disconnect() });
      next.connect();
      return next;
    };
    const before = community.size;
    go();
    const next = await again();
    const { code, evidence } = await convicted(next);
    assert.equal(code, "fork");
    assert.equal(verifyInPython(evidence), chain.community);
    assert.ok(next.size > before);
  });

test("what was shown early has to be part of what is shown early the next time: a story that lacks it is evidence at once", async () => {
  const other = await another();
  const { community, go } = await returning({ script: { shown: other, checkpoint: () => other.checkpoint() } });
  await early(community);
  const told = community.everyone.early.length;
  const { size } = community;
  // The same server, with the story that the sync has, and more of it than it signed for in the other.
  delete server.script.shown;
  delete server.script.checkpoint;
  community.drop();
  community.wake();
  assert.equal((await stopped(community)).code, "bad_consistency");
  assert.deepEqual([told, community.size, community.early], [64, size, null]);
  go();
  const { code, evidence } = await convicted(community);
  assert.equal(code, "fork");
  assert.equal(verifyInPython(evidence), chain.community);
});

test("an honest server goes on from what was shown early, and that it does is asked for as well", async () => {
  const { community, go } = await returning();
  await early(community);
  const { size } = chain.tree;
  const more = chain.copy();
  await more.message("m02", later, "and one more");
  server.chain = more;
  server.asked = [];
  community.drop();
  community.wake();
  await until(community, "one more", () => texts(community).at(-1) === "and one more");
  assert.deepEqual(server.asked.slice(0, 2), [`/v1/proofs/consistency?from=${short.tree.size}&to=${size + 1}`, `/v1/proofs/consistency?from=${size}&to=${size + 1}`]);
  go();
  await open(community);
  assert.deepEqual([community.head, community.findings], [more.head, []]);
});

test("a server whose welcome has an older checkpoint than the one before is not asked again, nor said to lie", async () => {
  const { community, go } = await returning();
  await early(community);
  server.script.checkpoint = () => chain.checkpoint(chain.tree.size - 20);
  server.asked = [];
  community.drop();
  community.wake();
  go();
  await open(community);
  assert.deepEqual([server.asked, community.findings, community.head], [[], [], chain.head]);
});

test("a server that shows less than it has signed for early is a rollback", async () => {
  const { community, go } = await returning();
  await early(community);
  const less = short.copy();
  for (const block of chain.blocks.slice(short.tree.size, -1)) less.append(structuredClone(block));
  server.chain = less;
  server.script = { perFrame: 50 };
  community.drop();
  community.wake();
  assert.equal((await stopped(community)).code, "rollback");
  assert.equal(community.early, null);
  go();
});

/** Answers, and how many of them are asked for. */
const ABSENT = {
  "that does not answer": [1, () => undefined],
  "that answers with what is no JSON": [1, () => "<html>"],
  "that answers with another form": [1, () => ({ blocks: [] })],
  "that answers with more than a frame may have": [1, (answer) => ({ ...answer, more: "x".repeat(1_100_000) })],
  "that has no blocks": [2, inBlocks((blocks) => blocks.splice(0))],
  "that hands out its blocks one by one": [13, inBlocks((blocks) => blocks.splice(1))],
};

for (const [what, [count, answer]] of Object.entries(ABSENT))
  test(`a server ${what} when it is asked for the newest: all comes by the sync, and nothing is said against it`, async () => {
    let asked = 0;
    let reached;
    const enough = new Promise((resolve) => {
      reached = resolve;
    });
    const requests = (said) => {
      if (++asked === count) reached();
      return answer(said);
    };
    const { community, go, earlies } = await returning({ script: { requests }, patience: { answer: 300 } });
    await enough;
    go();
    await open(community);
    assert.equal(asked, count);
    assert.equal(community.head, chain.head);
    assert.deepEqual([community.findings, earlies], [[], []]);
  });

const NOT_ASKED = {
  "a server without requests": { script: { requests: undefined } },
  "a newcomer": { isNew: true },
  "somebody who was away for less than a thousand blocks": { less: 150 },
};

for (const [what, { isNew, less = 0, script = {} }] of Object.entries(NOT_ASKED))
  test(`${what}: nothing is asked for besides the sync`, async () => {
    const to = less ? short.copy() : chain;
    if (less) for (const block of chain.blocks.slice(short.tree.size, -less)) to.append(structuredClone(block));
    if (!isNew) {
      const { community, go } = await returning({ to, script });
      go();
      await open(community);
      assert.equal(community.head, to.head);
    } else {
      server.chain = to;
      server.script = { perFrame: 50, requests: asIs };
      server.asked = [];
      const store = new MemoryStore();
      await store.commit([{ table: "identity", key: "identity", value: identity }]);
      const client = await Client.open({ store });
      clients.push(client);
      const community = await client.join(server.invitation);
      community.connect();
      await open(community);
    }
    assert.deepEqual(server.asked, []);
  });

test("whom the device does not know yet it does not show, and says how much that is; what was removed has no words", async () => {
  const other = chain.copy();
  await other.add("authority", "roster", { add: [encode(publicKeyOf("m03"))], remove: [] });
  await other.add("m03", "card", { x25519: readAccounts().find(({ name }) => name === "m03").x25519_public });
  const wider = await other.epoch("m02", [...EVERY, "m03"]);
  await other.message("m02", wider, "welcome");
  await other.message("m03", wider, "thank you");
  await other.message("m02", wider, "unsaid");
  await other.add("m02", "redaction", { index: other.tree.size - 1, reason: "no" });
  await other.message("m02", wider, "well");
  const { community, go } = await returning({ to: other });
  // A card and a message are by somebody new.
  await until(community, "what can be opened", () => community.early?.more === 2);
  assert.deepEqual(texts(community).slice(-3), ["welcome", "(redacted)", "well"]);
  const { redacted } = community.everyone.early.at(-2);
  assert.deepEqual([redacted.by, redacted.reason], [accountOf("m02"), "no"]);
  go();
  await open(community);
  assert.deepEqual((await words(community.everyone)).slice(-4), ["welcome", "thank you", "(redacted)", "well"]);
});

test("private words stand where they belong, or nowhere", async () => {
  const from = await ChainMaker.found(["m01", "m02", "m03"]);
  const all = await from.epoch("m02", ["m01", "m02", "m03"]);
  const both = await from.epoch("m02", EVERY);
  await from.message("m02", all, "to all");
  await from.message("m02", both, "to both");
  const to = from.copy();
  for (let at = 0; at < 1000; at++) await to.message("m02", all, `to all ${at}`);
  const again = await to.epoch("m02", EVERY);
  const third = await to.epoch("m03", ["m01", "m03"]);
  const others = await to.epoch("m03", ["m02", "m03"]);
  await to.message("m02", both, "to both under the old epoch");
  await to.message("m02", again, "to both under a new one");
  await to.message("m03", third, "to us alone");
  await to.message("m03", others, "not to us");
  await to.message("m02", all, "to all at last");
  const scriptedServer = server;
  server = await Scripted.start(from);
  try {
    const { client, community, go } = await returning({ from, to });
    const { more } = await early(community);
    const [everyone, pair] = community.conversations;
    assert.deepEqual([texts({ everyone }).at(-1), texts({ everyone }).some((text) => /both|alone|not/.test(text))], ["to all at last", false]);
    assert.deepEqual(pair.early.map(({ content }) => content.text), ["to both under the old epoch", "to both under a new one"]);
    assert.equal(community.conversations.length, 2);
    assert.equal(more, 1, "a conversation that is new");
    go();
    await open(community);
    assert.deepEqual(await words(pair), ["to both", "to both under the old epoch", "to both under a new one"]);
    assert.equal(community.conversations.length, 3);
    await client.close();
  } finally {
    await server.end();
    server = scriptedServer;
  }
});

test("somebody who was removed before we left says nothing early, be it with the server's help", async () => {
  const three = ["m01", "m02", "m03"];
  const from = await ChainMaker.found(three);
  const all = await from.epoch("m02", three);
  await from.message("m03", all, "I am here");
  await from.add("authority", "roster", { add: [], remove: [accountOf("m03")] });
  const both = await from.epoch("m02", EVERY);
  await from.message("m02", both, "they are gone");
  const to = from.copy();
  for (let at = 0; at < 1000; at++) await to.message("m02", both, `without them ${at}`);
  const toAll = to.copy();
  await to.message("m03", both, "I am still here");
  await to.add("m03", "card", { x25519: readAccounts().find(({ name }) => name === "m03").x25519_public });
  await toAll.message("m02", all, "to all who were here");
  const scriptedServer = server;
  server = await Scripted.start(from);
  try {
    const { client, community, go } = await returning({ from, to });
    assert.equal((await early(community)).more, 2);
    assert.equal(texts(community).at(-1), "without them 999");
    go();
    assert.equal((await stopped(community)).code, "not_allowed");
    await client.close();
    const other = await returning({ from, to: toAll });
    assert.equal((await stopped(other.community)).code, "stale_epoch");
    assert.equal(other.community.size, from.tree.size);
    await other.client.close();
  } finally {
    await server.end();
    server = scriptedServer;
  }
});

test("what is said meanwhile waits for the whole, and is signed over all of it", async () => {
  let submit;
  const submitted = new Promise((resolve) => {
    submit = ({ entry }) => void resolve(entry);
  });
  const { community, go } = await returning({ script: { submit } });
  await early(community);
  await community.everyone.send("hello again");
  assert.equal(community.pending[0].state, "waiting");
  assert.ok(server.received.every(({ type }) => type !== "submit"));
  go();
  const { seen } = await submitted;
  assert.deepEqual(seen, { size: chain.tree.size, hash: chain.head });
});
