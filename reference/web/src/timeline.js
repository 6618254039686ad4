/**
 * Conversations as the chain shows them: which messages belong together, and the number of each. It follows from the blocks alone, so two
 * devices number alike.
 *
 * A message belongs to the conversation of its epoch. An epoch is one for everyone if it was wrapped for all who were members and had a card in its
 * `seen` prefix, by its own entry or by its author's shares before the first message; else its conversation is that of its recipients then. Who was
 * removed right after it counts: what was private when it was written is not made public by that.
 */

import { encode, utf8 } from "./bytes.js";
import { H } from "./tuple.js";

/** @typedef {import("./chain.js").Chain} Chain */
/** @typedef {import("./examine.js").Examined} Examined */
/** @typedef {import("./epoch.js").Epoch} Epoch */

export const EVERYONE = "everyone";

/**
 * @typedef {object} Thread
 * @property {string} key
 * @property {string[] | null} members ids in their order; null for everyone
 * @property {number} count
 * @property {number} last index of the last message's block
 * @property {number[]} own numbers of our own messages that are not read
 */

/**
 * @param {string[]} members
 * @returns {string} the key of their private conversation
 */
export function conversationKey(members) {
  return encode(H(utf8([...members].sort().join(" "))));
}

export class Timeline {
  /** @type {Map<string, Thread>} by key */
  threads;
  /** All below is read; kept beside the chain. @type {Map<string, number>} */
  marks = new Map();

  /** @param {string | null} account ours */
  constructor(account) {
    this.account = account;
    this.threads = new Map([[EVERYONE, { key: EVERYONE, members: null, count: 0, last: -1, own: [] }]]);
  }

  /**
   * Puts a block that the chain has just taken in its place.
   *
   * @param {Chain} chain
   * @param {Examined} read
   * @returns {{ thread: Thread, number: number } | null} where a message went
   */
  take(chain, { block, id }) {
    const { entry } = block;
    if (entry.kind === "epoch") this.#epoch(chain, /** @type {Epoch} */ (chain.epochs.get(id)), entry.seen.size);
    if (entry.kind === "share") this.#share(chain, /** @type {Epoch} */ (chain.epochs.get(entry.body.epoch)), entry.author);
    if (entry.kind !== "message") return null;
    const thread = this.#thread(chain, /** @type {Epoch} */ (chain.epochs.get(entry.body.epoch)));
    thread.last = block.index;
    if (entry.author === this.account) thread.own.push(thread.count);
    return { thread, number: thread.count++ };
  }

  /**
   * @param {string} key
   * @returns {number} all below this number are read
   */
  read(key) {
    return Math.min(this.marks.get(key) ?? 0, this.threads.get(key)?.count ?? 0);
  }

  /**
   * @param {string} key
   * @returns {number} how many messages of others are not read
   */
  unread(key) {
    const { count = 0, own = [] } = this.threads.get(key) ?? {};
    const read = this.read(key);
    return count - read - own.filter((number) => number >= read).length;
  }

  /**
   * @param {string} key
   * @param {number} number
   * @returns {boolean} whether that is news
   */
  markRead(key, number) {
    const thread = this.threads.get(key);
    const mark = Math.min(number, thread?.count ?? 0);
    if (!thread || mark <= (this.marks.get(key) ?? 0)) return false;
    this.marks.set(key, mark);
    thread.own = thread.own.filter((own) => own >= mark);
    return true;
  }

  /**
   * @param {Chain} chain
   * @param {Epoch} epoch
   * @param {number} seen
   */
  #epoch(chain, epoch, seen) {
    epoch.missing = audience(chain, seen).filter((ordinal) => !epoch.recipients.has(ordinal));
  }

  /**
   * @param {Chain} chain
   * @param {Epoch} epoch
   * @param {string} author of the share
   */
  #share(chain, epoch, author) {
    if (epoch.missing && chain.roster[epoch.author].account === author)
      epoch.missing = epoch.missing.filter((ordinal) => !epoch.recipients.has(ordinal));
  }

  /**
   * @param {Chain} chain
   * @param {Epoch} epoch
   */
  #thread(chain, epoch) {
    if (epoch.conversation === null) {
      const members = [...epoch.recipients].map((ordinal) => chain.roster[ordinal].account).sort();
      epoch.conversation = epoch.missing?.length ? conversationKey(members) : EVERYONE;
      epoch.missing = null;
      if (!this.threads.has(epoch.conversation))
        this.threads.set(epoch.conversation, { key: epoch.conversation, members, count: 0, last: -1, own: [] });
    }
    return /** @type {Thread} */ (this.threads.get(epoch.conversation));
  }
}

/**
 * @param {Chain} chain
 * @param {number} [seen]
 * @returns {number[]} ordinals of those who are members, and have a card, in the prefix of that size: whom an author knew who had seen so much
 */
export function audience(chain, seen = chain.size) {
  const isMember = (/** @type {import("./chain.js").Account} */ { history }) => history.findLast(({ index }) => index < seen)?.what === "added";
  return chain.roster.filter((account) => isMember(account) && chain.cardOf(account, seen)).map(({ ordinal }) => ordinal);
}
