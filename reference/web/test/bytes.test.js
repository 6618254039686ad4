import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode, form, H, tuple } from "../src/core.js";

/** @param {number} length */
const some = (length) => Uint8Array.from({ length }, (_, at) => (at * 89 + (at >> 8)) & 255);
const AROUND_A_PART = [6142, 6143, 6144, 6145, 6146, 12288, 20000]; // 6144 bytes are 8192 letters

test("bytes of any length are spelled and read as Node does", () => {
  for (const length of [...Array(70).keys(), ...AROUND_A_PART]) {
    const text = Buffer.from(some(length)).toString("base64url");
    assert.equal(encode(some(length)), text, `${length}`);
    assert.deepEqual(decode(text, length), some(length), `${length}`);
    assert.equal(form.bytes(length)(text, true), text);
    assert.throws(() => decode(text, length + 1), { code: "malformed" });
  }
});

test("what is no letter is refused wherever it stands", () => {
  const others = ["+", "/", "=", " ", "\n", "\0", "\x7f", "\x80", "é", "\u0141", "€", "\ud83d", "😀"];
  for (const length of [4, 6, 7, 43, 8190, 8191, 8192, 8194, 8196]) {
    const places = [0, 1, 2, 3, length >> 1, length - 4, length - 3, length - 2, length - 1, 8189, 8190, 8191, 8192, 8193];
    for (const at of places.filter((place) => place >= 0 && place < length)) {
      for (const other of others) {
        const text = ("A".repeat(at) + other + "A".repeat(length)).slice(0, length);
        assert.throws(() => decode(text), { code: "malformed" }, `${JSON.stringify(other)} at ${at} of ${length}`);
        assert.throws(() => form.bytes()(text, false), { code: "malformed" }, `${JSON.stringify(other)} at ${at} of ${length}`);
      }
    }
  }
});

test("bits behind the last byte have to be zero", () => {
  for (const text of ["AB", "AP", "AAB", "AAD", `${"A".repeat(8192)}AB`]) {
    assert.throws(() => decode(text), { code: "malformed" });
    assert.throws(() => form.bytes()(text, false), { code: "malformed" });
  }
});

test("a hash stays what it was when others are made", () => {
  const empty = H(new Uint8Array());
  H(some(1000));
  assert.equal(Buffer.from(empty).toString("hex"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("a number in a tuple is written whole, and one that is no integer is refused", () => {
  for (const number of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52 + 3, Number.MAX_SAFE_INTEGER]) {
    assert.equal(Buffer.from(tuple("place", number)).readBigUInt64BE(tuple("place", number).length - 8), BigInt(number));
  }
  for (const number of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => tuple("place", number), RangeError);
});
