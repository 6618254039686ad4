/** Servers that lie about the newest messages, or do not hand them out: what is shown before all is verified. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "../src/index.js";
import { asIs, begin, chain, early, elsewhere, end, epoch, EVERY, later, newest, ours, returning, server, short, texts } from "./servers/away.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { accountOf, open, until } from "./servers/member.js";
import { verifyInPython } from "./servers/python.js";
import { convicted, stopped } from "./servers/two-members.js";
import { readAccounts } from "./vectors/files.js";

before(begin);
after(end);

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

test("a window that reaches down to what is held, and is not linked to it, is found out", async () => {
  const to = short.copy();
  const one = short.copy();
  await one.message("m02", later, "not linked");
  to.append({ ...structuredClone(one.blocks.at(-1)), prev: accountOf("m01") });
  // Under an epoch that is nowhere, so that all is looked through for it.
  for (let at = 0; at < 1005; at++) await to.message("m02", later, `closed ${at}`);
  const { community } = await returning({ to });
  assert.equal((await stopped(community)).code, "bad_prev");
  assert.equal(server.asked.at(-1), `/v1/blocks?from=${short.tree.size}&limit=${to.tree.size - 512 - short.tree.size}`);
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
      ours({ close: () => next.disconnect() });
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
  await elsewhere(from, async () => {
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
  });
});
