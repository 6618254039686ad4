/**
 * JSON as this protocol reads it. `JSON.parse` keeps the last of two equal names, reads 2^53 + 1 as 2^53 and takes lone surrogates,
 * so texts from others are read here. It gives plain values; what they mean is checked in `form.js`.
 */

import { fromUtf8, GREATEST } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";

/** Deeper than any definition, and far from the end of the stack. */
const DEEPEST = 512;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /^(?:0|[1-9][0-9]*)$/;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES = new Map(Object.entries({ '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }));

/**
 * @typedef {object} Strictness
 * @property {number} [depth] how deep objects and arrays may nest, the outermost being 1
 * @property {boolean} [integers] whether every number has to be one of the protocol; else others are read as NaN, which no form takes
 */

/** What a server does with a client's frame. @type {Strictness} */
export const CLIENT_FRAME = { depth: 16, integers: true };

/** [CONV-9] What members that are not known may hold is nobody's business. @type {Strictness} */
export const SERVER_FRAME = { depth: DEEPEST, integers: false };

/**
 * Reads the one object in a text.
 *
 * @param {Uint8Array | string} data
 * @param {Strictness} strictness
 * @returns {Record<string, unknown>} objects without a prototype
 */
export function readJson(data, strictness) {
  const text = typeof data === "string" ? data : fromUtf8(data); // [CONV-7]
  const reader = new Reader(text, strictness);
  const value = reader.whole();
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("This is not an object."); // [CONV-1]
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {string} why */
function malformed(why) {
  return new DispatchError("malformed", why);
}

class Reader {
  /**
   * @param {string} text
   * @param {Strictness} strictness
   */
  constructor(text, { depth = DEEPEST, integers = false }) {
    this.text = text;
    this.at = 0;
    this.deepest = depth;
    this.integers = integers;
  }

  whole() {
    if (this.text.charCodeAt(0) === 0xfeff) throw malformed("The text begins with a byte-order mark."); // [CONV-5]
    const value = this.value(1);
    this.space();
    if (this.at !== this.text.length) throw malformed("Something stands behind the object.");
    return value;
  }

  space() {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  /**
   * @param {number} depth
   * @returns {unknown}
   */
  value(depth) {
    this.space();
    switch (this.text[this.at]) {
      case "{":
        return this.object(this.deeper(depth));
      case "[":
        return this.array(this.deeper(depth));
      case '"':
        return this.string();
      case "t":
        return this.word("true", true);
      case "f":
        return this.word("false", false);
      case "n":
        return this.word("null", null);
      default:
        return this.number();
    }
  }

  /** @param {number} depth */
  deeper(depth) {
    if (depth > this.deepest) throw malformed(`The text is nested deeper than ${this.deepest}.`); // [CONV-8]
    this.at++;
    this.space();
    return depth;
  }

  /** @param {number} depth */
  object(depth) {
    /** @type {Record<string, unknown>} */
    const members = Object.create(null);
    if (this.took("}")) return members;
    do {
      this.space();
      if (this.text[this.at] !== '"') throw malformed("A member has no name.");
      const name = this.string();
      if (name in members) throw malformed("A member stands twice."); // [CONV-2]
      this.space();
      if (!this.took(":")) throw malformed("A member has no value.");
      members[name] = this.value(depth + 1);
      this.space();
    } while (this.took(","));
    if (!this.took("}")) throw malformed("An object does not end.");
    return members;
  }

  /** @param {number} depth */
  array(depth) {
    /** @type {unknown[]} */
    const items = [];
    if (this.took("]")) return items;
    do {
      items.push(this.value(depth + 1));
      this.space();
    } while (this.took(","));
    if (!this.took("]")) throw malformed("An array does not end.");
    return items;
  }

  /** @param {string} letter */
  took(letter) {
    if (this.text[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  string() {
    this.at++;
    let text = "";
    let escaped = false;
    for (;;) {
      PLAIN.lastIndex = this.at;
      PLAIN.test(this.text);
      text += this.text.slice(this.at, PLAIN.lastIndex);
      this.at = PLAIN.lastIndex;
      if (this.took('"')) break;
      if (!this.took("\\")) throw malformed("A text does not end, or holds a control character that is not escaped.");
      escaped = true;
      text += this.escape();
    }
    if (escaped && !text.isWellFormed()) throw malformed("Half of a surrogate pair."); // [CONV-6]
    return text;
  }

  escape() {
    const letter = this.text[this.at++];
    if (letter !== "u") {
      const character = ESCAPES.get(letter);
      if (character === undefined) throw malformed("There is no such escape.");
      return character;
    }
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw malformed("There is no such escape.");
    this.at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  number() {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text);
    if (!found) throw malformed("This is not JSON.");
    this.at = NUMBER.lastIndex;
    const value = INTEGER.test(found[0]) ? Number(found[0]) : Number.NaN;
    if (value <= GREATEST) return value;
    if (this.integers) throw malformed("A number is not an unsigned integer up to 2^53 - 1."); // [CONV-12]
    return Number.NaN;
  }

  /**
   * @param {string} word
   * @param {boolean | null} value
   */
  word(word, value) {
    if (!this.text.startsWith(word, this.at)) throw malformed("This is not JSON.");
    this.at += word.length;
    return value;
  }
}
