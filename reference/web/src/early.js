/**
 * The newest messages, before all in front of them is verified: fetched by requests beside the sync, held against a checkpoint that was proven to
 * extend what is held, and held in memory alone. [CHECK-17] They have no numbers, are counted nowhere, and nothing that is signed or kept rests on them. [CHECK-22]
 */

import { decode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { checkConsistency } from "./merkle.js";
import { outcome } from "./states.js";
import { Suffix } from "./suffix.js";
import { audience, conversationKey, EVERYONE } from "./timeline.js";

/** @typedef {import("./community.js").Community} Community */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./requests.js").Requests} Requests */
/** @typedef {import("./suffix.js").Known} Known */
/**
 * See README.
 *
 * @typedef {object} EarlyMessage
 * @property {number} index
 * @property {string} id
 * @property {string} author
 * @property {number} sentAt
 * @property {number} time
 * @property {"early"} status
 * @property {import("./conversation.js").Content | null} content
 * @property {string | null} closed why `content` is null
 * @property {{ by: string, reason: string, time: number } | null} redacted
 */
/** See README. @typedef {{ from: number, to: number, more: number }} Early */
/** @typedef {(block: import("./form.js").Block) => Promise<import("./message.js").Plaintext>} Words */
/** Where an epoch's messages belong, and what opens them; null where that cannot be told. @typedef {{ key: string, writers: Set<string>, words: Words } | null} Place */

/** For fewer blocks it does not pay: a sync has them in a second, and what is fetched here comes twice. */
const WORTH_BLOCKS = 1000;
/** So many of the last blocks are shown. */
const SHOWN = 64;
/** So many are fetched, until the epochs of those are among them: one is written under for 500 messages at most. [ENC-13] */
const MOST_FETCHED = 1024;
/** A server answers with as many blocks as a frame holds. One that hands them out singly is not waited for. */
const MOST_REQUESTS = 12;

export class Newest {
  /** @type {{ from: number, to: number, more: number, messages: { key: string, message: EarlyMessage }[] } | null} */
  #shown = null;

  /** @param {Community} community */
  constructor(community) {
    this.community = community;
  }

  get #chain() {
    return this.community.ledger.chain;
  }

  /** @returns {Early | null} */
  get state() {
    const { community } = this;
    if (!this.#shown || !community.ledger.isProven || community.size >= this.#shown.to) return null;
    const { from, to, more } = this.#shown;
    return { from: Math.max(from, community.size), to, more };
  }

  /**
   * @param {string} key of a conversation
   * @returns {EarlyMessage[]} what the chain does not have yet
   */
  of(key) {
    const { size } = this.community;
    return this.state ? (this.#shown?.messages ?? []).flatMap((each) => (each.key === key && each.message.index >= size ? [each.message] : [])) : [];
  }

  /** The chain has grown: what it has now is shown out of it. */
  grown() {
    if (!this.#shown || this.#chain.size < this.#shown.from) return;
    if (this.#chain.size >= this.#shown.to) this.#shown = null;
    this.#told();
  }

  /** Nothing that is not verified whole is shown any longer. */
  drop() {
    if (!this.#shown) return;
    this.#shown = null;
    this.#told();
  }

  #told() {
    this.community.emit("early", this.state);
  }

  /**
   * @param {Checkpoint} checkpoint whose signature was verified
   * @returns {boolean} whether there is something to be shown early, and it pays
   */
  pays({ size }) {
    const { chain, damagedFrom, isProven, witness } = this.community.ledger;
    // [CHECK-23] Who has no chain knows nobody who could have signed.
    return chain.size > 0 && isProven && damagedFrom === null && size - chain.size >= WORTH_BLOCKS && size >= witness.known;
  }

  /**
   * Fetches and shows. A server that does not answer, or not in time, changes nothing: the sync brings all of it.
   *
   * @param {Checkpoint} checkpoint whose signature was verified, and that pays
   * @param {Requests} requests
   * @returns {Promise<DispatchError | null>} what it was found to lie about
   */
  async fetch(checkpoint, requests) {
    try {
      await this.#fetch(checkpoint, requests);
    } catch (error) {
      if (error instanceof DispatchError && outcome(error) === "finding") return Object.assign(error, { checkpoint });
      // A fault of ours here must not take the community's messages away: they come by the sync.
      if (!(error instanceof DispatchError)) console.error(error);
    }
    return null;
  }

  /**
   * @param {Checkpoint} checkpoint
   * @param {Requests} requests
   */
  async #fetch(checkpoint, requests) {
    const { witness } = this.community.ledger;
    const { size } = this.#chain;
    const held = [{ size, root: this.#chain.tree.root(size) }];
    // What was shown early before stays part of the story, whatever comes in its place now.
    if (witness.promised) held.push({ size: witness.promised.size, root: decode(witness.promised.root, 32) });
    for (const { size, root } of held)
      checkConsistency(size, checkpoint.size, root, decode(checkpoint.root, 32), await requests.consistency(size, checkpoint.size)); // [CHECK-17]
    await witness.promise(checkpoint); // [CHECK-20]
    const suffix = new Suffix(this.#chain, checkpoint);
    const asked = { count: 0 };
    for (const length of [SHOWN, MOST_FETCHED / 2, MOST_FETCHED]) {
      const from = Math.max(checkpoint.size - length, this.#chain.size);
      if (from >= suffix.from) return;
      suffix.extend(await this.#blocks(requests, from, suffix.from, asked));
      const missing = await this.#show(suffix, requests.signal);
      if (!missing) return;
    }
  }

  /**
   * @param {Requests} requests
   * @param {number} from
   * @param {number} to
   * @param {{ count: number }} asked
   */
  async #blocks(requests, from, to, asked) {
    /** @type {import("./form.js").Block[]} */
    const blocks = [];
    while (from + blocks.length < to) {
      /** @type {import("./form.js").Block[]} */
      const more = asked.count++ < MOST_REQUESTS ? await requests.blocks(from + blocks.length, to - from - blocks.length) : [];
      if (!more.length) throw new DispatchError("unreachable", "The server does not hand out the blocks that it has.");
      blocks.push(...more);
    }
    return blocks;
  }

  /**
   * @param {Suffix} suffix
   * @param {AbortSignal} ended
   * @returns {Promise<boolean>} whether an epoch is missing that may stand in front of it
   */
  async #show(suffix, ended) {
    const from = Math.max(suffix.from, suffix.to - SHOWN);
    const all = suffix.known();
    const last = all.filter(({ read }) => read.block.index >= from);
    const needed = new Set(last.map(({ read }) => read.block.entry.body.epoch));
    const opening = all.filter(({ read: { block, id } }) => (block.entry.kind === "epoch" && needed.has(id)) || (block.entry.kind === "share" && needed.has(block.entry.body.epoch)));
    await suffix.verify([...new Set([...last, ...opening])]);
    const redactions = last.filter(({ read }) => read.block.entry.kind === "redaction").map(({ read }) => read.block);
    const messages = [];
    let missing = false;
    let more = suffix.to - from - last.length;
    for (const known of last) {
      const { block } = known.read;
      if (block.entry.kind !== "message") continue;
      const place = await this.#placeOf(block.entry.body.epoch, block.index, opening);
      if (place === undefined) missing = true;
      if (!place?.writers.has(block.entry.author)) {
        more++;
        continue;
      }
      messages.push({ key: place.key, message: await this.#open(known, place, redactions) });
    }
    // The sync may have been faster, or have ended.
    if (ended.aborted || suffix.to <= this.#chain.size) return false;
    if (!messages.length) return missing;
    this.#shown = { from, to: suffix.to, more, messages };
    this.#told();
    return missing;
  }

  /**
   * @param {string} id of an epoch
   * @param {number} before index of a message under it
   * @param {Known[]} opening early entries that bring epochs and wraps
   * @returns {Promise<Place | undefined>} undefined where the epoch is not known yet
   */
  async #placeOf(id, before, opening) {
    const { community } = this;
    const epoch = this.#chain.epochs.get(id);
    if (epoch) {
      const writers = new Set([...epoch.recipients].map((ordinal) => this.#chain.roster[ordinal].account));
      const key = epoch.conversation ?? (epoch.missing?.length ? conversationKey([...writers]) : EVERYONE);
      return { key, writers, words: (block) => community.secrets.words(block) };
    }
    const begun = opening.find(({ read }) => read.id === id);
    if (!begun) return undefined;
    const { author, body } = begun.read.block.entry;
    const shares = opening.filter(({ read: { block } }) => block.entry.kind === "share" && block.entry.body.epoch === id && block.index < before);
    const carriers = [begun, ...shares].map(({ read }) => read.block.entry);
    const membersOf = (/** @type {import("./form.js").Entry[]} */ entries) => entries.flatMap((entry) => entry.body.wraps.map((/** @type {import("./form.js").Wrap} */ { member }) => member));
    // As the timeline has it: by whom its author had wrapped it for.
    const recipients = new Set(membersOf(carriers.filter((entry) => entry.author === author)));
    const isForAll = audience(this.#chain).every((ordinal) => recipients.has(this.#chain.roster[ordinal].account));
    const key = isForAll ? EVERYONE : conversationKey([...recipients]);
    const writers = new Set(membersOf(carriers));
    if (!community.conversation(key) && writers.has(community.account ?? "")) return null;
    const words = (/** @type {import("./form.js").Block} */ block) => community.secrets.earlyWords(block, body.commitment, carriers);
    return { key, writers, words };
  }

  /**
   * @param {Known} known a message
   * @param {NonNullable<Place>} place
   * @param {import("./form.js").Block[]} redactions
   * @returns {Promise<EarlyMessage>}
   */
  async #open({ read: { block, id } }, place, redactions) {
    const { index, time, entry } = block;
    const base = { index, id, author: entry.author, sentAt: entry.sent_at, time, status: /** @type {const} */ ("early") };
    const removal = redactions.find((one) => one.entry.body.index === index && [entry.author, this.#chain.authority].includes(one.entry.author)); // [RED-3]
    const redacted = removal ? { by: removal.entry.author, reason: removal.entry.body.reason, time: removal.time } : null;
    if (redacted || entry.body.ciphertext === undefined) return { ...base, content: null, closed: "redacted", redacted };
    try {
      const { text, reply_to = null, channel = null } = await place.words(block);
      return { ...base, content: { text, replyTo: reply_to, channel }, closed: null, redacted };
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error;
      return { ...base, content: null, closed: error.code, redacted };
    }
  }
}
