/** [TUPLE-1] The one encoding under every signature and hash. */

import { sha256 } from "@noble/hashes/sha2.js"; // synchronous: WebCrypto's digest is a promise for each of some five hashes a block
import { Spelled, utf8 } from "./bytes.js";

/**
 * A field's value: bytes, an integer or time, a text, or a list of byte strings.
 *
 * @typedef {Uint8Array | Spelled | number | string | Uint8Array[]} Field
 */

/** One that has begun and one that works: making a hash anew each time takes as long as hashing some 200 bytes. */
const BEGUN = sha256.create();
const WORKING = sha256.create();
/** What the one writes to. A small array gets memory of its own once it is viewed, which takes longer than to copy it. */
const DIGEST = new Uint8Array(32);

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>} H, the SHA-256
 */
export function H(bytes) {
  BEGUN._cloneInto(WORKING);
  WORKING.update(bytes).digestInto(DIGEST);
  return DIGEST.slice();
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
  const bytes = new Uint8Array(prepare(label, values));
  write(bytes, label, values);
  return bytes;
}

/** Room for a tuple of which only the hash is kept. Larger ones, as an epoch's, have their own. */
const ROOM = new Uint8Array(1024);

/**
 * The hash of what `tuple` makes. Not for secrets: their bytes would stay in memory.
 *
 * @param {string} label
 * @param {Field[]} values
 */
export function tupleHash(label, ...values) {
  const length = prepare(label, values);
  const bytes = length <= ROOM.length ? ROOM.subarray(0, length) : new Uint8Array(length);
  write(bytes, label, values);
  return H(bytes);
}

/**
 * @param {string} label
 * @param {Field[]} values of which texts become bytes
 * @returns {number} the tuple's length
 */
function prepare(label, values) {
  let length = headOf(label).length + 1;
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    if (typeof value === "string") values[at] = utf8(value);
    length += 4 + sizeOf(values[at]);
  }
  return length;
}

/**
 * @param {Uint8Array} bytes as many as the tuple has
 * @param {string} label
 * @param {Field[]} values prepared
 */
function write(bytes, label, values) {
  const writer = new Writer(bytes);
  writer.put(headOf(label));
  writer.byte(values.length);
  for (const value of values) {
    if (value instanceof Uint8Array || value instanceof Spelled) {
      writer.sized(value);
    } else if (typeof value === "number") {
      writer.uint32(8);
      writer.uint64(value);
    } else {
      const items = /** @type {Uint8Array[]} */ (value); // the texts are bytes by now
      writer.uint32(sizeOf(items));
      writer.uint32(items.length);
      for (const item of items) writer.sized(item);
    }
  }
}

/** @param {Field} value of which texts are bytes by now */
function sizeOf(value) {
  if (typeof value === "number") return 8;
  if (!Array.isArray(value)) return value.length;
  let size = 4;
  for (const item of value) size += 4 + item.length;
  return size;
}

class Writer {
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  /** @param {number} value */
  byte(value) {
    this.bytes[this.#at++] = value;
  }

  /** @param {number} value */
  uint32(value) {
    this.byte(value >>> 24);
    this.byte(value >>> 16);
    this.byte(value >>> 8);
    this.byte(value);
  }

  /** @param {number} value an integer */
  uint64(value) {
    if (!Number.isInteger(value)) throw new RangeError(`${value} is not an integer.`);
    this.uint32(Math.floor(value / 2 ** 32));
    this.uint32(value >>> 0);
  }

  /** @param {Uint8Array | Spelled} bytes */
  put(bytes) {
    if (bytes instanceof Spelled) bytes.writeTo(this.bytes, this.#at);
    else this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** @param {Uint8Array | Spelled} bytes */
  sized(bytes) {
    this.uint32(bytes.length);
    this.put(bytes);
  }
}
