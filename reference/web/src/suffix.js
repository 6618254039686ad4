/**
 * The last blocks of a chain, before those in front of them are there: what links them to a checkpoint, and what the rules say of them as far as it can
 * be told. The chain's own rules are in `chain.js`. No I/O and no clock.
 */

import { encode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { examine } from "./examine.js";

/** @typedef {import("./chain.js").Account} Account */
/** @typedef {import("./chain.js").Chain} Chain */
/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./examine.js").Examined} Examined */
/** An entry by somebody whom the chain has as a member. @typedef {{ read: Examined, author: Account }} Known */

/** @param {string} code @param {string} why */
const refusal = (code, why) => new DispatchError(code, why);

export class Suffix {
  /** @type {Examined[]} in their order, up to the checkpoint's last */
  #reads = [];
  /** Those whose signature was found to be good. @type {Set<Examined>} */
  #signed = new Set();
  #wanted;

  /**
   * @param {Chain} chain that is verified, and may grow meanwhile
   * @param {import("./form.js").Checkpoint} checkpoint that extends it
   */
  constructor(chain, checkpoint) {
    this.chain = chain;
    this.to = checkpoint.size;
    this.#wanted = checkpoint.head;
  }

  /** Index of the first. */
  get from() {
    return this.to - this.#reads.length;
  }

  /**
   * Puts blocks in front of those that are there. [CHECK-18]
   *
   * @param {Block[]} blocks at least one, which end where those begin
   */
  extend(blocks) {
    const reads = blocks.map((block) => examine(block));
    for (const [at, { block, hash }] of reads.entries()) {
      const next = reads[at + 1]?.block ?? this.#reads[0]?.block;
      if (block.index !== this.from - blocks.length + at) throw refusal("bad_index", "The blocks do not follow on each other."); // [CHAIN-8]
      if (!next && encode(hash) !== this.#wanted)
        throw refusal("fork", "The server shows two histories: its checkpoint names another head than its blocks have. Nothing more is taken from it.");
      if (next && next.prev !== encode(hash)) throw refusal("bad_prev", "A block is not linked to the one before it."); // [CHAIN-9]
      if (next && next.time < block.time) throw refusal("bad_time", "A block is older than the one before it."); // [CHAIN-10]
    }
    const [{ block: first }] = reads;
    if (first.index <= this.chain.size && first.prev !== this.chain.tree.head(first.index))
      throw refusal("bad_prev", "A block is not linked to the one before it."); // [CHAIN-9]
    this.#reads.unshift(...reads);
  }

  /**
   * What the chain does not have yet, judged by the blocks that there are. [CHECK-19]
   *
   * @param {number} from index
   * @returns {Known[]} entries of members; their signatures are still to be verified
   */
  known(from = this.from) {
    /** @type {Map<string, { seq: number, seen: number }>} */
    const before = new Map();
    const first = Math.max(this.from, this.chain.size);
    return this.#reads.slice(first - this.from).flatMap((read) => {
      const { entry, index } = read.block;
      const author = this.chain.accounts.get(entry.author);
      this.#judge(read, before.get(entry.author), author);
      before.set(entry.author, { seq: entry.seq, seen: entry.seen.size });
      return author?.isMember && index >= from ? [{ read, author }] : [];
    });
  }

  /**
   * @param {Examined} read
   * @param {{ seq: number, seen: number } | undefined} before the author's entry before, if it is here
   * @param {Account | undefined} author
   */
  #judge({ block, hasItsWords }, before, author) {
    const { entry, index } = block;
    if (entry.kind === "genesis") throw refusal("bad_genesis", "A genesis stands behind block 0."); // [GEN-4]
    if (entry.community !== this.chain.community) throw refusal("wrong_community", "An entry is for another community."); // [ENTRY-2]
    const follows = before ? entry.seq === before.seq + 1 : entry.seq > (author?.seq ?? 0);
    if (!follows) throw refusal("bad_seq", "An entry of its author is missing or stands twice."); // [ENTRY-4]
    const { size, hash } = entry.seen;
    if (size < 1 || size > index || (this.#headAt(size) ?? hash) !== hash)
      throw refusal("bad_seen", "An entry's author has seen another chain than this."); // [ENTRY-7]
    if (size < (before ?? author ?? { seen: 0 }).seen) throw refusal("bad_seen", "An entry's author has seen less than before."); // [ENTRY-8]
    if (!hasItsWords) throw refusal("bad_ciphertext", "A message's ciphertext is not the one that was signed."); // [MSG-4]
    if (entry.kind === "message" && this.chain.epochs.get(entry.body.epoch)?.stale)
      throw refusal("stale_epoch", "A message is written to somebody who was removed."); // [MSG-3]
  }

  /**
   * @param {number} size
   * @returns {string | null} the hash of the last of so many blocks, where it is known
   */
  #headAt(size) {
    if (size <= this.chain.size) return this.chain.tree.head(size);
    return size > this.from ? encode(this.#reads[size - 1 - this.from].hash) : null;
  }

  /**
   * [ENTRY-3] Rejects where one of them is not signed by its author.
   *
   * @param {Known[]} entries
   */
  async verify(entries) {
    await Promise.all(
      entries.map(async ({ read, author }) => {
        if (this.#signed.has(read)) return;
        if (!(await examine(read.block, author.key).isSigned)) throw refusal("bad_signature", "An entry is not signed by its author.");
        this.#signed.add(read);
      }),
    );
  }
}
