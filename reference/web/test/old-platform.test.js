/** A platform without X25519 and ChaCha20-Poly1305, as browsers were before 2024. It is made so before the library asks, so this is a file of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readAccounts, readVectors } from "./vectors/files.js";

const asked = [];
for (const name of ["generateKey", "importKey"]) {
  const real = crypto.subtle[name].bind(crypto.subtle);
  crypto.subtle[name] = (...given) => {
    const algorithms = given.map((each) => each?.name ?? each).filter((each) => typeof each === "string");
    const missing = algorithms.find((each) => each === "X25519" || each === "ChaCha20-Poly1305");
    if (!missing) return real(...given);
    asked.push(missing);
    return Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"));
  };
}
const { cardKey, decode, openWrap, sealWrap } = await import("../src/core.js");
const { GROUPS, runVectors } = await import("./vectors/harness.js");
const { Client, MemoryStore } = await import("../src/index.js");

test("wraps and messages hold without the platform's X25519 and ChaCha20-Poly1305", async () => {
  const groups = Object.fromEntries(Object.entries(GROUPS).filter(([name]) => /^(wraps\/(opened|several-wraps|commitments)|messages\/)/.test(name)));
  const files = readVectors()
    .filter(({ name }) => name === "wraps" || name === "messages")
    .map((file) => ({ ...file, groups: file.groups.filter(({ name }) => groups[`${file.name}/${name}`]) }));
  const { count, failures } = await runVectors(files, readAccounts(), groups);
  assert.deepEqual(failures, []);
  assert.ok(count > 80);
  assert.ok(asked.includes("X25519"));
});

test("a wrap opens for whom it was sealed, and none is sealed to a point of small order", async () => {
  const secret = new Uint8Array(32).fill(3);
  const [alice, bob] = readAccounts();
  const key = await cardKey(decode(bob.x25519_private));
  assert.equal(key.x25519, bob.x25519_public);
  const place = { community: alice.id, author: alice.id, recipient: bob.id, x25519: bob.x25519_public, commitment: alice.id };
  const wrap = await sealWrap(secret, place);
  await assert.rejects(openWrap(wrap, key, place), { code: "bad_commitment" });
  const tests = readVectors()
    .find(({ name }) => name === "wraps")
    .groups.find(({ name }) => name === "not-sealed").tests;
  assert.ok(tests.length);
  for (const test of tests) await assert.rejects(sealWrap(decode(test.secret), test), { code: "bad_wrap" }, test.id);
});

test("an identity is made, and comes back from its backup", async () => {
  const client = await Client.open({ store: new MemoryStore() });
  await client.createIdentity({ passphrase: "x", bits: 2048 });
  const { cards } = await client.store.get("identity", "identity");
  assert.ok(cards[0].privateKey instanceof Uint8Array);
  const other = await Client.open({ store: new MemoryStore() });
  await other.restoreBackup(client.backup.text, "x");
  assert.equal((await other.store.get("identity", "identity")).cards[0].x25519, cards[0].x25519);
});
