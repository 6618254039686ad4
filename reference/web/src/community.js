/** One community: its verified chain, its conversations, and the connection that is kept up. */

import { encode } from "./bytes.js";
import { Conversation } from "./conversation.js";
import { DispatchError } from "./dispatch-error.js";
import { Emitter } from "./events.js";
import { Invitation } from "./invitation.js";
import { Ledger } from "./ledger.js";
import { Outbox } from "./outbox.js";
import { PublicKey } from "./public-key.js";
import { Secrets } from "./secrets.js";
import { explain, noIdentity } from "./sentences.js";
import { LAST } from "./store/keys.js";
import { audience, conversationKey, EVERYONE } from "./timeline.js";
import { Upkeep } from "./upkeep.js";
import { Writer } from "./writer.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./form.js").Limits} Limits */
/** @typedef {import("./outbox.js").Outgoing} Outgoing */
/** @typedef {import("./states.js").State} State */
/** @typedef {import("./chain.js").Change} Change */

/** @typedef {{ code: string, text: string, time: number, evidence: string | null }} Finding */
/** @typedef {{ account: string, publicKey: Uint8Array, isMember: boolean, isAuthority: boolean, hasCard: boolean, history: Change[] }} Member */
/**
 * @typedef {object} CommunityEvents
 * @property {State} state
 * @property {{ from: number, size: number }} blocks
 * @property {Checkpoint} checkpoint
 * @property {import("./early.js").Early | null} early
 * @property {{ index: number, added: string[], removed: string[], by: string }} roster
 * @property {{ account: string }} card
 * @property {Conversation} conversation
 * @property {{ conversation: Conversation, message: import("./conversation.js").Message }} message
 * @property {{ conversation: Conversation, number: number | null }} changed
 * @property {Outgoing} pending
 * @property {Finding} finding
 * @property {{ code: string, text: string }} notice
 */
/**
 * What a community takes from its client.
 *
 * @typedef {object} Host
 * @property {import("./store/keys.js").Store} store
 * @property {() => import("./identity.js").IdentityRecord | null} identity
 * @property {import("./socket.js").WebSocketConstructor} [WebSocket]
 * @property {typeof fetch} fetch
 * @property {Partial<import("./pulse.js").Patience>} [patience]
 * @property {(() => import("./readers.js").WorkerLike) | null} worker null where there is none, or they were of no use
 * @property {() => number} now
 */

/** So often a damaged block is fetched again by itself: a disk that loses it each time is the person's to mend. */
const MOST_DAMAGES = 2;

/** @extends {Emitter<CommunityEvents>} */
export class Community extends Emitter {
  /** @type {Finding[]} */
  findings = [];
  /** @type {Limits | null} */
  limits = null;
  /** @type {number | null} the server's clock minus ours */
  clockOffset = null;
  /** @type {Map<string, Conversation>} */
  #conversations = new Map();
  /** @type {Promise<void> | null} */
  #refetching = null;
  #connectsAgain = false;
  /** How often a block was found to be damaged. @type {Map<number, number>} */
  #damages = new Map();

  /**
   * @param {Host} host
   * @param {Invitation} invitation
   */
  constructor(host, invitation) {
    super();
    this.host = host;
    /** @readonly */
    this.invitation = invitation;
    const account = host.identity()?.account ?? null;
    this.ledger = new Ledger(host.store, invitation.community, account);
    this.secrets = new Secrets(this.ledger, () => host.identity()?.cards ?? []);
    const signer = () => {
      const identity = host.identity();
      if (!identity) throw noIdentity();
      return { account: identity.account, publicKey: identity.publicKey, signingKey: identity.signingKey };
    };
    this.writer = new Writer(this.ledger, this.secrets, signer, () => host.now());
    this.outbox = new Outbox(this.ledger, this.writer, {
      now: () => host.now(),
      wraps: () => this.limits?.wraps ?? 256,
      block: (index) => this.block(index),
      changed: (outgoing) => this.#outgoing(outgoing),
      explain: ({ code, detail }) => explain(code, detail, this.clockOffset),
    });
    this.everyone = this.conversationOf(EVERYONE, null);
    this.upkeep = new Upkeep(this);
  }

  /** Reads what is kept. Called once by the client. */
  async open() {
    const { store } = this.host;
    this.ledger.account = this.host.identity()?.account ?? null;
    await this.ledger.open();
    const kept = await store.get("facts", [this.id, "discovery"]);
    this.limits = kept?.limits ?? null;
    this.findings = (await store.range("findings", [this.id], [this.id, LAST])).map(({ value }) => value);
    await this.upkeep.open();
    await this.outbox.open();
    for (const thread of this.ledger.shown.timeline.threads.values()) this.conversationOf(thread.key, thread.members);
  }

  get id() {
    return this.invitation.community;
  }

  get origin() {
    return this.invitation.origin;
  }

  get #chain() {
    return this.ledger.shown.chain;
  }

  /** @returns {string | null} */
  get name() {
    return this.#chain.genesis?.name ?? null;
  }

  get size() {
    return this.#chain.size;
  }

  get head() {
    return this.#chain.head;
  }

  /** @returns {Checkpoint | null} the highest that was verified */
  get checkpoint() {
    return this.ledger.checkpoint;
  }

  /** @returns {State} */
  get state() {
    return this.upkeep.state;
  }

  /** @returns {import("./early.js").Early | null} what is shown before all in front of it is verified */
  get early() {
    return this.upkeep.newest.state;
  }

  get pending() {
    return this.outbox.pending;
  }

  /** @returns {Member[]} */
  get members() {
    return this.#chain.roster.map((account) => this.#member(account));
  }

  /**
   * @param {string} account
   * @returns {Member | null}
   */
  member(account) {
    const known = this.#chain.accounts.get(account);
    return known ? this.#member(known) : null;
  }

  /** @param {import("./chain.js").Account} known */
  #member({ account, key, isMember, cards, history }) {
    return { account, publicKey: key.der, isMember, isAuthority: account === this.#chain.authority, hasCard: cards.length > 0, history };
  }

  get account() {
    return this.host.identity()?.account ?? null;
  }

  get isMember() {
    return this.#chain.accounts.get(this.account ?? "")?.isMember ?? false;
  }

  get isAuthority() {
    return this.#chain.size > 0 && this.#chain.authority === this.account;
  }

  /** @returns {Conversation[]} `everyone` first, then by the last message; those that we take part in, or can read */
  get conversations() {
    const own = this.account ?? "";
    const others = [...this.#conversations.values()].filter((each) => each.isPrivate && (each.members.includes(own) || each.widened.includes(own)));
    return [this.everyone, ...others.sort((one, other) => other.last - one.last)];
  }

  /**
   * @param {string} key
   * @returns {Conversation | null}
   */
  conversation(key) {
    return this.#conversations.get(key) ?? null;
  }

  /** @internal @returns {Iterable<Conversation>} those of others, too */
  get allConversations() {
    return this.#conversations.values();
  }

  /**
   * @param {string[]} accounts
   * @returns {Conversation} the private one with just these and ourselves
   */
  conversationWith(accounts) {
    const own = this.account;
    if (own === null) throw noIdentity();
    const members = [...new Set([...accounts, own])].sort();
    for (const account of members) {
      const known = this.member(account);
      if (!known?.isMember || !known.hasCard)
        throw new DispatchError("bad_recipient", "One of them is no member, or has not been here yet since they were added. Wait until they were.");
    }
    if (this.isAudience(members)) throw new DispatchError("not_private", "These are all members who can read at all: write to everyone.");
    return this.conversationOf(conversationKey(members), members);
  }

  /**
   * @param {string[]} members
   * @returns {boolean} whether an epoch for these is one for everyone
   */
  isAudience(members) {
    return audience(this.#chain).every((ordinal) => members.includes(this.#chain.roster[ordinal].account));
  }

  /**
   * @internal
   * @param {string} key
   * @param {string[] | null} members
   */
  conversationOf(key, members) {
    let conversation = this.#conversations.get(key);
    if (!conversation) {
      conversation = new Conversation(this, key, members);
      this.#conversations.set(key, conversation);
    }
    return conversation;
  }

  /**
   * @param {number} index of the message's block
   * @param {string} [reason]
   * @returns {Promise<Outgoing>}
   */
  async redact(index, reason = "") {
    const author = this.#chain.messages.get(index);
    if (author === undefined || this.#chain.redactions.has(index))
      throw new DispatchError("bad_redaction", "There is no message there, or it is removed already.");
    if (!this.isAuthority && this.#chain.roster[author].account !== this.account)
      throw new DispatchError("not_authority", "Only its author and the community's owner may remove a message.");
    return this.outbox.add({ kind: "redaction", said: { index, reason } });
  }

  /**
   * By the authority.
   *
   * @param {{ add?: Uint8Array[], remove?: string[] }} change
   * @returns {Promise<Outgoing>}
   */
  async changeRoster({ add = [], remove = [] }) {
    if (!this.isAuthority) throw new DispatchError("not_authority", "Only the community's owner changes the roster.");
    for (const key of add) PublicKey.read(key);
    return this.outbox.add({ kind: "roster", said: { add: add.map(encode), remove } });
  }

  /** @param {string} local */
  retry(local) {
    return this.outbox.retry(local);
  }

  /** @param {string} local */
  discard(local) {
    return this.outbox.discard(local);
  }

  /** Connects, and stays connected until `disconnect`. */
  connect() {
    this.upkeep.connect();
  }

  async disconnect() {
    this.#connectsAgain = false;
    await this.upkeep.disconnect();
    await this.#refetching?.catch(() => {});
  }

  /** Tries now. */
  wake() {
    this.upkeep.wake();
  }

  /** Tries now if it waits for the network, and looks whether a connection still is one; what was refused or stopped is the person's to take up again. */
  networkIsBack() {
    this.upkeep.networkIsBack();
  }

  /** Ends the connection, to dial anew: the network has gone. */
  drop() {
    this.upkeep.drop();
  }

  /**
   * A block from the store. Where it is damaged it is fetched again, unless that has not helped before.
   *
   * @internal
   * @param {number} index
   * @returns {Promise<import("./ledger.js").Kept>} rejects with `store_damaged`
   */
  async block(index) {
    try {
      return await this.ledger.block(index);
    } catch (error) {
      const damages = (this.#damages.get(index) ?? 0) + 1;
      if (error instanceof DispatchError && error.code === "store_damaged" && damages <= MOST_DAMAGES) {
        this.#damages.set(index, damages);
        // Whoever asks may be what a new connection waits for, so this is not waited for.
        this.refetch(error.message, index).catch(() => {});
      }
      throw error;
    }
  }

  /**
   * What is kept of a block was found to be damaged: fetches it again, and what follows it. The chain that was verified stays, and only its own
   * blocks come into the place of what was damaged.
   *
   * @internal
   * @param {string} why
   * @param {number} [from] index of the block
   */
  async refetch(why, from = 0) {
    const { ledger } = this;
    const isUnderWay = ledger.damagedFrom !== null && ledger.damagedFrom <= from;
    ledger.damagedFrom = Math.min(from, ledger.damagedFrom ?? from);
    if (this.#refetching || isUnderWay) return;
    this.#refetching = this.#refetch(why, from);
    await this.#refetching.finally(() => {
      this.#refetching = null;
    });
  }

  /**
   * @param {string} why
   * @param {number} from
   */
  async #refetch(why, from) {
    const { ledger, upkeep } = this;
    this.#connectsAgain = upkeep.isWanted;
    try {
      await upkeep.disconnect();
      if (from !== 0 && !ledger.chain.messages.has(from)) {
        // Not even where the words are is kept as it was.
        await ledger.forget(why);
        ledger.damage = null;
      }
      this.emit("notice", { code: "store_damaged", text: why });
    } finally {
      if (this.#connectsAgain) this.connect();
    }
  }

  /** @param {Outgoing} outgoing */
  #outgoing(outgoing) {
    this.emit("pending", outgoing);
    const conversation = outgoing.conversation ? this.#conversations.get(outgoing.conversation) : undefined;
    if (conversation) this.emit("conversation", conversation);
    if (outgoing.code === "clock_skew") this.emit("notice", { code: "clock_skew", text: outgoing.detail ?? "" });
    if (outgoing.kind === "card" && outgoing.code)
      this.emit("notice", { code: "card_failed", text: `Nobody can write to you yet: ${outgoing.detail}` });
  }
}
