/** What is found of a block by itself and by its author's key, in whatever thread. The chain's rules are in `chain.js` alone. */

import { decode, encode } from "./bytes.js";
import { readBlock } from "./entry.js";
import { PublicKey } from "./public-key.js";
import { H } from "./tuple.js";

/** @typedef {import("./form.js").Block} Block */

/**
 * @typedef {object} Examined
 * @property {Block} block
 * @property {string} id of its entry
 * @property {Uint8Array<ArrayBuffer>} hash
 * @property {boolean} hasItsWords
 * @property {boolean | Promise<boolean> | null} isSigned whether the entry's signature is by the key of its author's id; null where that is not known
 */

/**
 * @param {Block} block in its form
 * @param {PublicKey} [key] of its author
 * @returns {Examined}
 */
export function examine(block, key) {
  const { signed, signature, id, hash } = readBlock(block);
  return { block, id, hash, hasItsWords: hasItsWords(block), isSigned: key ? key.verifies(signed, signature) : null };
}

/**
 * What a hash does not cover of a block is its ciphertext.
 *
 * @param {Block} block
 * @returns {boolean} whether its ciphertext, where it has one, is the one that was signed
 */
export function hasItsWords({ entry: { body } }) {
  return body.ciphertext === undefined || encode(H(decode(body.ciphertext))) === body.ciphertext_hash;
}

/**
 * Keys by the ids that they have. An id names its key by itself, so it does not matter here whether the entry that brings it is good.
 *
 * @param {Block[]} blocks
 */
export function keysNamedIn(blocks) {
  /** @type {Map<string, PublicKey>} */
  const keys = new Map();
  for (const { entry } of blocks) {
    const named = entry.kind === "roster" ? entry.body.add : entry.kind === "genesis" ? [entry.body.authority] : [];
    for (const der of named) {
      try {
        const key = PublicKey.read(der);
        keys.set(key.account, key);
      } catch {
        // Its entry will be refused for it.
      }
    }
  }
  return keys;
}
