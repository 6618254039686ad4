/** The newest messages of a community that went on for long without us, before all of it is verified. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encode } from "../src/core.js";
import { asIs, begin, chain, device, early, elsewhere, end, epoch, EVERY, newest, returning, server, short, texts } from "./servers/away.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { accountOf, open, publicKeyOf, until, words } from "./servers/member.js";
import { readAccounts } from "./vectors/files.js";

before(begin);
after(end);

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
      const community = await (await device()).join(server.invitation);
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
  await elsewhere(from, async () => {
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
  });
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
