/** [TREE-1] The tree of RFC 6962 over block hashes: roots, proofs, and their verification. */

import { concat, encode, equal } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { H } from "./tuple.js";

/** So many leaves make a page, whose root is kept. A power of two. */
export const PAGE = 1024;

/** @param {Uint8Array} hash */
const leaf = (hash) => H(concat(Uint8Array.of(0), hash));
/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
const node = (left, right) => H(concat(Uint8Array.of(1), left, right));

/** @param {number} count the largest power of two that is smaller */
function split(count) {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

/** The hashes of a chain's blocks, and the tree over any of its prefixes. It only grows. */
export class Tree {
  #hashes = new Uint8Array(32 * 64);
  /** @type {Uint8Array[]} */
  #pageRoots = [];
  size = 0;

  /** @param {Uint8Array} hash */
  append(hash) {
    if ((this.size + 1) * 32 > this.#hashes.length) {
      const larger = new Uint8Array(this.#hashes.length * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes.set(hash, this.size * 32);
    this.size++;
  }

  /**
   * @param {number} index
   * @returns {Uint8Array} of the block there; a view
   */
  hash(index) {
    return this.#hashes.subarray(index * 32, index * 32 + 32);
  }

  /**
   * @param {number} size
   * @returns {string} the hash of the last of so many blocks
   */
  head(size) {
    return encode(size ? this.hash(size - 1) : new Uint8Array(32));
  }

  /** @param {number} [size] */
  root(size = this.size) {
    return size ? this.#subtree(0, size) : H(new Uint8Array());
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {Uint8Array}
   */
  #subtree(from, to) {
    const count = to - from;
    if (count === 1) return leaf(this.hash(from));
    const page = count === PAGE && from % PAGE === 0 ? from / PAGE : -1;
    if (page >= 0 && this.#pageRoots[page]) return this.#pageRoots[page];
    const middle = from + split(count);
    const root = node(this.#subtree(from, middle), this.#subtree(middle, to));
    if (page >= 0) this.#pageRoots[page] = root;
    return root;
  }

  /**
   * The hashes of a page, and its root once the page is whole, to be kept and to be put back by `restorePage`.
   *
   * @param {number} page
   * @param {number} size of the prefix that is kept
   */
  page(page, size) {
    const end = Math.min(size, (page + 1) * PAGE);
    const hashes = this.#hashes.slice(page * PAGE * 32, end * 32);
    return { hashes, root: end === (page + 1) * PAGE ? this.#subtree(page * PAGE, end) : null };
  }

  /**
   * @param {Uint8Array} hashes
   * @param {Uint8Array | null} root
   */
  restorePage(hashes, root) {
    if (root) this.#pageRoots[this.size / PAGE] = root;
    for (let at = 0; at < hashes.length; at += 32) this.append(hashes.subarray(at, at + 32));
  }

  /**
   * @param {number} index
   * @param {number} size
   * @returns {Uint8Array[]} RFC 6962, section 2.1.1
   */
  inclusion(index, size) {
    /** @type {Uint8Array[]} */
    const path = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + split(to - from);
      if (index < middle) {
        path.unshift(this.#subtree(middle, to));
        to = middle;
      } else {
        path.unshift(this.#subtree(from, middle));
        from = middle;
      }
    }
    return path;
  }
}

/**
 * [TREE-2] With the loop of RFC 9162, section 2.1.3.2. Sizes are at most 2^53 - 1, so places are halved by division, not by shifts.
 *
 * @param {number} index
 * @param {number} size
 * @param {Uint8Array} hash of the block
 * @param {Uint8Array[]} path
 * @param {Uint8Array} root
 */
export function checkInclusion(index, size, hash, path, root) {
  const bad = () => new DispatchError("bad_inclusion", "The inclusion proof does not lead to the root.");
  if (index >= size) throw bad();
  let at = index;
  let last = size - 1;
  let found = leaf(hash);
  for (const sibling of path) {
    if (last === 0) throw bad();
    if (at % 2 || at === last) {
      found = node(sibling, found);
      while (at && at % 2 === 0) [at, last] = [at / 2, half(last)];
    } else {
      found = node(found, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last || !equal(found, root)) throw bad();
}

/**
 * [TREE-3] With the loop of RFC 9162, section 2.1.4.2.
 *
 * @param {number} from
 * @param {number} to
 * @param {Uint8Array} fromRoot
 * @param {Uint8Array} toRoot
 * @param {Uint8Array[]} path
 */
export function checkConsistency(from, to, fromRoot, toRoot, path) {
  const bad = () => new DispatchError("bad_consistency", "The consistency proof does not lead to both roots.");
  if (from < 1 || from > to) throw bad();
  if (from === to) {
    if (path.length || !equal(fromRoot, toRoot)) throw bad();
    return;
  }
  const hashes = [...path];
  if (isPowerOfTwo(from)) hashes.unshift(fromRoot);
  if (!hashes.length) throw bad();
  let at = from - 1;
  let last = to - 1;
  while (at % 2) [at, last] = [half(at), half(last)];
  let older = hashes[0];
  let newer = hashes[0];
  for (const sibling of hashes.slice(1)) {
    if (last === 0) throw bad();
    if (at % 2 || at === last) {
      older = node(sibling, older);
      newer = node(sibling, newer);
      while (at && at % 2 === 0) [at, last] = [at / 2, half(last)];
    } else {
      newer = node(newer, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last || !equal(older, fromRoot) || !equal(newer, toRoot)) throw bad();
}

/** @param {number} number */
function half(number) {
  return Math.floor(number / 2);
}

/** @param {number} number */
function isPowerOfTwo(number) {
  let rest = number;
  while (rest % 2 === 0) rest /= 2;
  return rest === 1;
}
