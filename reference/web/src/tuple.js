/** [TUPLE-1] The one encoding under every signature and hash. */

import { sha256 } from "@noble/hashes/sha2.js"; // synchronous: WebCrypto's digest is a promise for each of some five hashes a block
import { utf8 } from "./bytes.js";

/** A field's value: bytes, an integer or time, a text, or a list of byte strings. @typedef {Uint8Array | number | string | Uint8Array[]} Field */

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>} H, the SHA-256
 */
export function H(bytes) {
  return /** @type {Uint8Array<ArrayBuffer>} */ (sha256(bytes));
}

/**
 * @param {string} label one of the registry's
 * @param {Field[]} values
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function tuple(label, ...values) {
  const head = utf8(`dispatch-d/1/${label}\0`);
  const fields = values.map((value) => (typeof value === "string" ? utf8(value) : value));
  const length = fields.reduce((/** @type {number} */ sum, value) => sum + 4 + sizeOf(value), head.length + 1);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  bytes.set(head);
  bytes[head.length] = fields.length;
  let at = head.length + 1;
  /** @param {Uint8Array} item */
  const sized = (item) => {
    view.setUint32(at, item.length);
    bytes.set(item, at + 4);
    at += 4 + item.length;
  };
  for (const value of fields) {
    if (value instanceof Uint8Array) {
      sized(value);
      continue;
    }
    view.setUint32(at, sizeOf(value));
    at += 4;
    if (typeof value === "number") {
      view.setBigUint64(at, BigInt(value));
      at += 8;
    } else {
      view.setUint32(at, value.length);
      at += 4;
      value.forEach(sized);
    }
  }
  return bytes;
}

/** @param {Uint8Array | number | Uint8Array[]} value */
function sizeOf(value) {
  if (typeof value === "number") return 8;
  if (value instanceof Uint8Array) return value.length;
  return value.reduce((sum, item) => sum + 4 + item.length, 4);
}
