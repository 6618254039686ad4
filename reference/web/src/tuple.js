/** [TUPLE-1] The one encoding under every signature and hash. */

import { sha256 } from "@noble/hashes/sha2.js"; // synchronous: WebCrypto's digest is a promise for each of some five hashes a block
import { utf8 } from "./bytes.js";

/** A field's value: bytes, an integer or time, a text, or a list of byte strings. @typedef {Uint8Array | number | string | Uint8Array[]} Field */

/** One that has begun and one that works: making a hash anew each time takes as long as hashing some 200 bytes. */
const BEGUN = sha256.create();
const WORKING = sha256.create();

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>} H, the SHA-256
 */
export function H(bytes) {
  const hash = new Uint8Array(32);
  BEGUN._cloneInto(WORKING);
  WORKING.update(bytes).digestInto(hash);
  return hash;
}

/** Of each label, what stands in front of a tuple's fields. @type {Map<string, Uint8Array>} */
const HEADS = new Map();

/** @param {string} label one of the registry's */
function headOf(label) {
  let head = HEADS.get(label);
  if (!head) {
    head = utf8(`dispatch-d/1/${label}\0`);
    HEADS.set(label, head);
  }
  return head;
}

/**
 * @param {string} label one of the registry's
 * @param {Field[]} values
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function tuple(label, ...values) {
  const head = headOf(label);
  let length = head.length + 1;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value === "string") values[at] = utf8(value);
    length += 4 + sizeOf(values[at]);
  }
  const writer = new Writer(length);
  writer.put(head);
  writer.bytes[writer.at++] = values.length;
  for (const value of values) {
    if (value instanceof Uint8Array) {
      writer.sized(value);
    } else if (typeof value === "number") {
      writer.uint32(8);
      writer.uint32(Math.floor(value / 2 ** 32));
      writer.uint32(value >>> 0);
    } else {
      const items = /** @type {Uint8Array[]} */ (value); // the texts are bytes by now
      writer.uint32(sizeOf(items));
      writer.uint32(items.length);
      for (const item of items) writer.sized(item);
    }
  }
  return writer.bytes;
}

/** @param {Field} value of which texts are bytes by now */
function sizeOf(value) {
  if (typeof value === "number") return 8;
  if (value instanceof Uint8Array) return value.length;
  let size = 4;
  for (const item of /** @type {Uint8Array[]} */ (value)) size += 4 + item.length;
  return size;
}

class Writer {
  at = 0;

  /** @param {number} length */
  constructor(length) {
    this.bytes = new Uint8Array(length);
  }

  /** @param {number} value */
  uint32(value) {
    const { bytes } = this;
    bytes[this.at++] = value >>> 24;
    bytes[this.at++] = value >>> 16;
    bytes[this.at++] = value >>> 8;
    bytes[this.at++] = value;
  }

  /** @param {Uint8Array} bytes */
  put(bytes) {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** @param {Uint8Array} bytes */
  sized(bytes) {
    this.uint32(bytes.length);
    this.put(bytes);
  }
}
