/** Bytes as texts and back: unpadded base64url in its one canonical spelling, UTF-8, numbers. */

import { DispatchError } from "./dispatch-error.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
/** What a byte of UTF-8 stands for; what is no letter has a bit above the six. */
const NONE = 64;
const ONLY_LETTERS = /^[A-Za-z0-9_-]*$/;
const VALUES = new Uint8Array(256).fill(NONE);
for (let i = 0; i < LETTERS.length; i++) VALUES[CODES[i]] = i;

const ENCODER = new TextEncoder();

/** The greatest integer of the protocol, 2^53 - 1. */
export const GREATEST = Number.MAX_SAFE_INTEGER;

/** 32 zero bytes, as on the wire. */
export const ZERO_ID = "A".repeat(43);

/** So many letters are looked at at once: more arguments than that a call may not have. A multiple of four. */
const AT_ONCE = 8192;
/** Letters of a text as bytes. A text that was cut out of a frame gives its letters one by one slowly, and all at once fast. */
const CUT = new Uint8Array(AT_ONCE);

/**
 * @param {Uint8Array} bytes
 * @returns {string} base64url without padding
 */
export function encode(bytes) {
  const whole = bytes.length - (bytes.length % 3);
  const codes = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
  let out = 0;
  for (let at = 0; at < whole; at += 3) {
    const group = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    codes[out++] = CODES[group >> 18];
    codes[out++] = CODES[(group >> 12) & 63];
    codes[out++] = CODES[(group >> 6) & 63];
    codes[out++] = CODES[group & 63];
  }
  if (whole < bytes.length) {
    const group = (bytes[whole] << 8) | (bytes[whole + 1] ?? 0);
    codes[out++] = CODES[group >> 10];
    codes[out++] = CODES[(group >> 4) & 63];
    if (out < codes.length) codes[out++] = CODES[(group & 15) << 2];
  }
  let text = "";
  for (let at = 0; at < codes.length; at += AT_ONCE)
    text += String.fromCharCode.apply(null, /** @type {any} */ (codes.length <= AT_ONCE ? codes : codes.subarray(at, at + AT_ONCE)));
  return text;
}

/**
 * The length of a text's bytes, if it is one of base64url: so long as it may be, and with zeros for trailing bits.
 *
 * @param {unknown} text
 * @param {number | undefined} length
 * @returns {number}
 */
function lengthOf(text, length) {
  if (typeof text !== "string") throw new DispatchError("malformed", "Bytes have to be a text.");
  const rest = text.length % 4;
  if (rest === 1) throw new DispatchError("malformed", "This is no length of a base64url text.");
  if (rest && VALUES[text.charCodeAt(text.length - 1)] & (rest === 2 ? 15 : 3)) throw new DispatchError("malformed", "Trailing bits are not zero.");
  const bytes = bytesIn(text);
  if (length !== undefined && bytes !== length) throw new DispatchError("malformed", `These are ${bytes} bytes instead of ${length}.`);
  return bytes;
}

/**
 * @param {string} text base64url
 * @returns {number} how many bytes it stands for
 */
export function bytesIn(text) {
  return Math.floor((text.length * 3) / 4);
}

function noLetter() {
  return new DispatchError("malformed", "A letter is not one of base64url.");
}

/**
 * [CONV-13] [CONV-14] Refuses every spelling but the canonical one, as `decode` does, and keeps no bytes.
 *
 * @param {unknown} text
 * @param {number} [length] the number of bytes that the member's definition states
 * @returns {asserts text is string}
 */
export function checkBytes(text, length) {
  lengthOf(text, length);
  if (!ONLY_LETTERS.test(/** @type {string} */ (text))) throw noLetter();
}

/**
 * [CONV-13] [CONV-14] Refuses every spelling but the canonical one.
 *
 * @param {unknown} text
 * @param {number} [length] the number of bytes that the member's definition states
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decode(text, length) {
  const bytes = new Uint8Array(lengthOf(text, length));
  decodeInto(bytes, 0, /** @type {string} */ (text));
  return bytes;
}

/** Bytes that are still in their text: what is only copied into a tuple needs no array of its own. [CONV-13] [CONV-14] */
export class Spelled {
  /**
   * @param {string} text
   * @param {number} [length] the number of bytes that the member's definition states
   */
  constructor(text, length) {
    this.text = text;
    this.length = lengthOf(text, length);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at where its own begin
   */
  writeTo(bytes, at) {
    decodeInto(bytes, at, this.text);
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at where those of the text begin
 * @param {string} text of which the length was checked
 */
function decodeInto(bytes, at, text) {
  for (let from = 0; from < text.length; from += AT_ONCE) {
    const part = text.length <= AT_ONCE ? text : text.slice(from, from + AT_ONCE);
    // Each letter is one byte: if it were more bytes than that, one of them would be none of a letter.
    const { written } = ENCODER.encodeInto(part, CUT);
    if (written !== part.length || !lettersInto(bytes, at, written)) throw noLetter();
    at += (AT_ONCE / 4) * 3;
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} count of letters that are cut
 * @returns {boolean} whether they are letters all
 */
function lettersInto(bytes, at, count) {
  const whole = count & ~3;
  let all = 0;
  for (let from = 0; from < whole; from += 4) {
    const one = VALUES[CUT[from]];
    const two = VALUES[CUT[from + 1]];
    const three = VALUES[CUT[from + 2]];
    const four = VALUES[CUT[from + 3]];
    all |= one | two | three | four;
    bytes[at++] = (one << 2) | (two >> 4);
    bytes[at++] = (two << 4) | (three >> 2);
    bytes[at++] = (three << 6) | four;
  }
  if (whole < count) {
    const one = VALUES[CUT[whole]];
    const two = VALUES[CUT[whole + 1]];
    const three = count - whole === 3 ? VALUES[CUT[whole + 2]] : 0;
    all |= one | two | three;
    bytes[at++] = (one << 2) | (two >> 4);
    if (count - whole === 3) bytes[at++] = (two << 4) | (three >> 2);
  }
  return !(all & NONE);
}

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>} its UTF-8. [CONV-15] Nothing is normalised.
 */
export function utf8(text) {
  return /** @type {Uint8Array<ArrayBuffer>} */ (ENCODER.encode(text));
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} throws `malformed` if they are not UTF-8; a byte-order mark stays in the text
 */
export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new DispatchError("malformed", "These bytes are not UTF-8.");
  }
}

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * For values that are not secret.
 *
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function equal(one, other) {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

/**
 * @param {number} length
 * @returns {Uint8Array<ArrayBuffer>} fresh random bytes
 */
export function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
