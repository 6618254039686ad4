import assert from "node:assert/strict";
import { test } from "node:test";
import { readAccounts, readVectors } from "./vectors/files.js";
import { GROUPS, runVectors } from "./vectors/harness.js";

test("every static vector holds in Node", async () => {
  const { count, failures } = await runVectors(readVectors(), readAccounts());
  assert.deepEqual(failures, []);
  const there = readVectors()
    .flatMap(({ groups }) => groups)
    .reduce((sum, { tests }) => sum + tests.length, 0);
  assert.equal(count, there);
  console.log(`static vectors: ${count} passed, 0 failed, in Node ${process.versions.node}`);
});

test("a harness that accepts everything fails on each invalid vector", async () => {
  const accepting = Object.fromEntries(Object.keys(GROUPS).map((name) => [name, () => {}]));
  const { failures } = await runVectors(readVectors(), readAccounts(), accepting);
  const invalid = readVectors().flatMap(({ groups }) => groups.flatMap(({ tests }) => tests.filter(({ result }) => result === "invalid")));
  assert.equal(failures.length, invalid.length);
});

test("a group that nobody runs is a failure, and so is one that is not there", async () => {
  const { "cards/cards": _, ...fewer } = GROUPS;
  const without = await runVectors(readVectors(), readAccounts(), { ...fewer, "cards/none": () => {} });
  assert.deepEqual(without.failures, ["nobody runs the group cards/cards", "there is no group cards/none"]);
});
