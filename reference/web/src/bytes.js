/** Bytes as texts and back: unpadded base64url in its one canonical spelling, UTF-8, numbers. */

import { DispatchError } from "./dispatch-error.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < LETTERS.length; i++) VALUES[LETTERS.charCodeAt(i)] = i;

const ENCODER = new TextEncoder();

/** The greatest integer of the protocol, 2^53 - 1. */
export const GREATEST = Number.MAX_SAFE_INTEGER;

/** 32 zero bytes, as on the wire. */
export const ZERO_ID = "A".repeat(43);

/**
 * @param {Uint8Array} bytes
 * @returns {string} base64url without padding
 */
export function encode(bytes) {
  let text = "";
  let at = 0;
  for (; at + 2 < bytes.length; at += 3) {
    const group = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    text += LETTERS[group >> 18] + LETTERS[(group >> 12) & 63] + LETTERS[(group >> 6) & 63] + LETTERS[group & 63];
  }
  if (bytes.length - at === 1) text += LETTERS[bytes[at] >> 2] + LETTERS[(bytes[at] & 3) << 4];
  if (bytes.length - at === 2) {
    const group = (bytes[at] << 8) | bytes[at + 1];
    text += LETTERS[group >> 10] + LETTERS[(group >> 4) & 63] + LETTERS[(group & 15) << 2];
  }
  return text;
}

/**
 * [CONV-13] [CONV-14] Refuses every spelling but the canonical one.
 *
 * @param {unknown} text
 * @param {number} [length] the number of bytes that the member's definition states
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decode(text, length) {
  if (typeof text !== "string") throw new DispatchError("malformed", "Bytes have to be a text.");
  const rest = text.length % 4;
  if (rest === 1) throw new DispatchError("malformed", "This is no length of a base64url text.");
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let buffer = 0;
  let bits = 0;
  let out = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    const value = letter < 128 ? VALUES[letter] : -1;
    if (value < 0) throw new DispatchError("malformed", "A letter is not one of base64url.");
    buffer = ((buffer << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = (buffer >> bits) & 0xff;
    }
  }
  if (buffer & ((1 << bits) - 1)) throw new DispatchError("malformed", "Trailing bits are not zero.");
  if (length !== undefined && bytes.length !== length) {
    throw new DispatchError("malformed", `These are ${bytes.length} bytes instead of ${length}.`);
  }
  return bytes;
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
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * @param {number} length
 * @returns {Uint8Array<ArrayBuffer>} fresh random bytes
 */
export function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
