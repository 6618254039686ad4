import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENT_FRAME, decode, encode, readJson, SERVER_FRAME } from "../src/core.js";

/** A sequence that is the same in each run. */
function* numbers(seed = 1) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}
const chances = numbers();
const chance = (below) => Math.floor(chances.next().value * below);
const pick = (list) => list[chance(list.length)];

function value(depth) {
  if (depth > 4 || chance(3) === 0) return pick([0, 1, 17, 2 ** 53 - 1, "", "a", "\u00e9", "\ud83d\ude00", '"\\/', "\n\t\u0001", true, false, null]);
  const items = Array.from({ length: chance(4) }, () => value(depth + 1));
  return chance(2) ? items : Object.fromEntries(items.map((item, at) => [pick(["a", "b", "__proto__x", "é"]) + at, item]));
}

test("what JSON.parse and the strict reader both take, they read alike", () => {
  for (let round = 0; round < 3000; round++) {
    const text = JSON.stringify({ it: value(0) }, null, chance(2));
    assert.deepEqual(JSON.parse(JSON.stringify(readJson(text, CLIENT_FRAME))), JSON.parse(text), text);
  }
});

test("a text that was changed at random is never taken where JSON.parse refuses it, and never ends in anything but a refusal", () => {
  let refused = 0;
  for (let round = 0; round < 20000; round++) {
    const text = JSON.stringify({ it: value(0), seq: 12, list: [1, 2, { x: "y" }] });
    const at = chance(text.length);
    const changed =
      text.slice(0, at) +
      pick(["", "{", "}", "[", "]", ",", ":", '"', "\\", "0", "-", ".", "e", "u", " ", "\u0000", "\ufeff", "tru"]) +
      text.slice(at + chance(3));
    let read;
    try {
      read = readJson(changed, SERVER_FRAME);
    } catch (error) {
      assert.equal(error.code, "malformed", String(error.stack));
      refused++;
      continue;
    }
    assert.doesNotThrow(() => JSON.parse(changed), changed);
    assert.equal(typeof read, "object");
  }
  assert.ok(refused > 5000 && refused < 19990, `${refused}`);
});

test("a text that nests without an end is refused, and does not end the program", () => {
  assert.throws(() => readJson(`{"a":${"[".repeat(1_000_000)}`, SERVER_FRAME), { code: "malformed" });
  assert.throws(() => readJson('{"a":'.repeat(1_000_000), SERVER_FRAME), { code: "malformed" });
});

test("members named like those that objects have are members like others", () => {
  const read = readJson('{"__proto__":{"x":1},"constructor":2,"hasOwnProperty":3}', CLIENT_FRAME);
  assert.deepEqual(Object.keys(read), ["__proto__", "constructor", "hasOwnProperty"]);
  assert.equal({}.x, undefined);
});

test("bytes come back from their texts, of every length", () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, () => chance(256));
    assert.equal(encode(bytes), Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(decode(encode(bytes)), bytes);
  }
});
