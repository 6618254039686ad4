/** All messages to the same people. */

import { DispatchError } from "./dispatch-error.js";
import { pad, writePlaintext } from "./message.js";

/** @typedef {import("./outbox.js").Outgoing} Outgoing */
/** @typedef {import("./form.js").Block} Block */
/** @typedef {{ text: string, replyTo: string | null, channel: string | null }} Content */
/**
 * See README.
 *
 * @typedef {object} Message
 * @property {number} number
 * @property {number} index
 * @property {string} id
 * @property {string} author
 * @property {number} sentAt
 * @property {number} time
 * @property {"accepted" | "checkpointed"} status
 * @property {Content | null} content
 * @property {string | null} closed why `content` is null
 * @property {{ by: string, reason: string, time: number } | null} redacted
 */

const TAG = 16;

export class Conversation {
  #members;

  /**
   * @param {import("./community.js").Community} community
   * @param {string} key
   * @param {string[] | null} members null for everyone
   */
  constructor(community, key, members) {
    this.community = community;
    /** @readonly */
    this.key = key;
    this.#members = members;
  }

  get isPrivate() {
    return this.#members !== null;
  }

  get #chain() {
    return this.community.ledger.shown.chain;
  }

  get #timeline() {
    return this.community.ledger.shown.timeline;
  }

  /** @returns {string[]} who reads what is written now */
  get members() {
    return this.#members ?? this.#chain.roster.filter(({ isMember }) => isMember).map(({ account }) => account);
  }

  /** @returns {string[]} to whom somebody shared older messages, besides */
  get widened() {
    const members = new Set(this.#members ?? this.#chain.roster.map(({ account }) => account));
    const others = new Set();
    for (const epoch of this.#chain.epochs.values()) {
      if (epoch.conversation !== this.key) continue;
      for (const ordinal of epoch.recipients) {
        const { account } = this.#chain.roster[ordinal];
        if (!members.has(account)) others.add(account);
      }
    }
    return [...others];
  }

  /** @returns {true | "removed" | "not_joined" | "not_private"} */
  get canSend() {
    const own = this.#chain.accounts.get(this.community.account ?? "");
    if (!own) return "not_joined"; // or not read that far yet
    if (!own.isMember || this.members.some((account) => !this.#chain.accounts.get(account)?.isMember)) return "removed";
    return this.#members && this.community.isAudience(this.#members) ? "not_private" : true;
  }

  get count() {
    return this.#timeline.threads.get(this.key)?.count ?? 0;
  }

  /** Index of the last message's block, or -1. */
  get last() {
    return this.#timeline.threads.get(this.key)?.last ?? -1;
  }

  /** @returns {import("./early.js").EarlyMessage[]} the newest, before all in front of them is verified */
  get early() {
    return this.community.upkeep.newest.of(this.key);
  }

  /** All below this number are read. */
  get read() {
    return this.#timeline.read(this.key);
  }

  get unread() {
    return this.#timeline.unread(this.key);
  }

  /** @param {number} number */
  async markRead(number) {
    if (await this.community.ledger.markRead(this.key, number)) this.community.emit("conversation", this);
  }

  get pending() {
    return this.community.pending.filter(({ conversation }) => conversation === this.key);
  }

  /**
   * @param {number} from
   * @param {number} to not included
   * @returns {Promise<Message[]>}
   */
  async messages(from, to) {
    const { ledger } = this.community;
    const rows = await ledger.store.range(
      "messages",
      [ledger.community, this.key, Math.max(0, from)],
      [ledger.community, this.key, Math.min(to, this.count)],
    );
    let at = Infinity; // the first of them
    try {
      const kept = await Promise.all(
        rows.map(({ value }) => {
          at = Math.min(at, value);
          return ledger.block(value);
        }),
      );
      return await Promise.all(kept.map(({ block, id, number }) => this.toMessage({ block, id, number: /** @type {number} */ (number) })));
    } catch (error) {
      if (!(error instanceof DispatchError) || error.code !== "store_damaged") throw error;
      // What could not be kept is not damaged; it is there no longer, and is fetched again.
      if (ledger.isAhead) {
        await ledger.settle();
        return this.messages(from, to);
      }
      await this.community.refetch(error.message, at);
      throw error;
    }
  }

  /**
   * @param {string} entry
   * @returns {Promise<number | null>}
   */
  async numberOf(entry) {
    const { ledger } = this.community;
    const index = await ledger.store.get("entries", [ledger.community, entry]);
    if (index === undefined) return null;
    const { conversation, number } = await this.community.block(index);
    return conversation === this.key ? (number ?? null) : null;
  }

  /**
   * @internal
   * @param {{ block: Block, id: string, number: number }} kept
   * @returns {Promise<Message>}
   */
  async toMessage({ block, id, number }) {
    const { index, time, entry } = block;
    const redaction = this.#chain.redactions.get(index);
    const base = {
      number,
      index,
      id,
      author: entry.author,
      sentAt: entry.sent_at,
      time,
      redacted: redaction ? { by: redaction.by, reason: redaction.reason, time: redaction.time } : null,
    };
    const status = /** @type {"accepted" | "checkpointed"} */ (index < (this.community.checkpoint?.size ?? 0) ? "checkpointed" : "accepted");
    if (redaction || entry.body.ciphertext === undefined) return { ...base, status, content: null, closed: "redacted" };
    try {
      const { text, reply_to = null, channel = null } = await this.community.secrets.words(block);
      return { ...base, status, content: { text, replyTo: reply_to, channel }, closed: null };
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error;
      return { ...base, status, content: null, closed: error.code };
    }
  }

  /**
   * @param {string} text
   * @param {{ replyTo?: string | null }} [more] the entry id of a message
   * @returns {Promise<Outgoing>} once it is kept
   */
  async send(text, { replyTo = null } = {}) {
    if (this.canSend === "removed" || this.canSend === "not_private")
      throw new DispatchError(this.canSend, "Somebody of this conversation is no longer a member, or it would no longer be private. Begin another.");
    if (!text.isWellFormed()) throw new DispatchError("bad_plaintext", "The text holds half of a character.");
    const plaintext = writePlaintext({ text, ...(replyTo ? { reply_to: replyTo } : {}) });
    const most = this.community.limits?.ciphertext_bytes ?? 65536;
    if (pad(plaintext).length + TAG > most)
      throw new DispatchError("too_large", `A message may have about ${Math.floor((most - 200) / 1024)} KiB. Shorten it, or send it in parts.`);
    return this.community.outbox.add({ kind: "message", conversation: this.key, members: this.#members, said: { text, replyTo } });
  }

  /**
   * Lets an account read what was written here so far, as far as we can.
   *
   * @param {string} account
   * @returns {Promise<number>} how many epochs are shared
   */
  async share(account) {
    const known = this.#chain.accounts.get(account);
    const card = known && this.#chain.cardOf(known);
    if (!known?.isMember || !card)
      throw new DispatchError("bad_recipient", "They are no member, or have not been here yet since they were added. Wait until they were.");
    const own = this.#chain.accounts.get(this.community.account ?? "")?.ordinal ?? -1;
    let count = 0;
    for (const epoch of this.#chain.epochs.values()) {
      if (
        epoch.conversation !== this.key ||
        !epoch.recipients.has(own) ||
        epoch.recipients.has(known.ordinal) ||
        epoch.hasWrapped(own, known.ordinal, card.index)
      )
        continue;
      const readable = await this.community.secrets.of(epoch.id).then(
        () => true,
        () => false,
      );
      if (!readable) continue;
      await this.community.outbox.add({ kind: "share", conversation: this.key, said: { epoch: epoch.id, ordinals: [known.ordinal] } });
      count++;
    }
    return count;
  }
}
