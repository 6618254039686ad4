import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "../src/index.js";
import { compareKeys } from "../src/store/keys.js";
import { checkStore } from "./stores.js";

test("a store in memory keeps what every store keeps", async () => {
  assert.deepEqual(await checkStore(async () => new MemoryStore()), []);
});

test("keys are ordered as IndexedDB orders them", () => {
  const ordered = [-1, 0, 1.5, 2, 10, "", "10", "2", "a", "a\u0000", "\ud83d\ude00", "\uffff", [], [1], [1, 2], ["a"], ["a", 1], ["a", "b"]];
  for (const [at, one] of ordered.entries()) {
    for (const [place, other] of ordered.entries())
      assert.equal(Math.sign(compareKeys(one, other)), Math.sign(at - place), `${JSON.stringify(one)} and ${JSON.stringify(other)}`);
  }
});
