/** One community: its verified chain, its conversations, and the connection that is kept up. */

import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { discover } from "./discovery.js";
import { DispatchError } from "./dispatch-error.js";
import { Emitter } from "./events.js";
import { Investigation } from "./investigation.js";
import { Invitation } from "./invitation.js";
import { Ledger } from "./ledger.js";
import { Outbox } from "./outbox.js";
import { pause } from "./pause.js";
import { PublicKey } from "./public-key.js";
import { Secrets } from "./secrets.js";
import { webSocket } from "./socket.js";
import { ASK_AGAIN_MS, backoff, outcome } from "./states.js";
import { LAST } from "./store/keys.js";
import { audience, conversationKey, EVERYONE } from "./timeline.js";
import { Writer } from "./writer.js";
import { checkCheckpoint } from "./checkpoint.js";
import { encode } from "./bytes.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./form.js").Limits} Limits */
/** @typedef {import("./outbox.js").Outgoing} Outgoing */
/** @typedef {import("./states.js").State} State */
/** @typedef {import("./chain.js").Change} Change */
/** @typedef {import("./ledger.js").Taken} Taken */

/** @typedef {{ code: string, text: string, time: number, evidence: string | null }} Finding */
/** @typedef {{ account: string, publicKey: Uint8Array, isMember: boolean, isAuthority: boolean, hasCard: boolean, history: Change[] }} Member */
/**
 * @typedef {object} CommunityEvents
 * @property {State} state
 * @property {{ from: number, size: number }} blocks
 * @property {Checkpoint} checkpoint
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
 * @property {() => number} now
 */

/** Messages of so long a sync are not reported one by one. */
const MANY = 1000;
/** [CHECK-13] */
const UNCOVERED_MS = 30_000;
const STATE_EVERY_MS = 100;

/** @extends {Emitter<CommunityEvents>} */
export class Community extends Emitter {
  /** @type {Finding[]} */
  findings = [];
  /** @type {Limits | null} */
  limits = null;
  /** @type {number | null} the server's clock minus ours */
  clockOffset = null;
  /** @type {State} */
  #state = { name: "offline" };
  /** @type {AbortController | null} while connecting is wanted */
  #wanted = null;
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  #wake = () => {};
  /** @type {import("./session.js").Granted | null} */
  #granted = null;
  /** @type {Map<string, Conversation>} */
  #conversations = new Map();
  #stateSaidAt = 0;
  #quiet = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #coverTimer;

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
      changed: (outgoing) => this.#outgoing(outgoing),
      explain: (refusal) => this.#explain(refusal),
    });
    this.everyone = this.#conversationOf(EVERYONE, null);
  }

  /** Reads what is kept. Called once by the client. */
  async open() {
    const { store } = this.host;
    this.ledger.account = this.host.identity()?.account ?? null;
    await this.ledger.open();
    const kept = await store.get("facts", [this.id, "discovery"]);
    this.limits = kept?.limits ?? null;
    this.findings = (await store.range("findings", [this.id], [this.id, LAST])).map(({ value }) => value);
    await this.outbox.open();
    for (const thread of this.ledger.timeline.threads.values()) this.#conversationOf(thread.key, thread.members);
  }

  get id() {
    return this.invitation.community;
  }

  get origin() {
    return this.invitation.origin;
  }

  get #chain() {
    return this.ledger.chain;
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

  get state() {
    return this.#state;
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
      if (!known?.isMember || !known.hasCard) throw new DispatchError("bad_recipient", "One of them is no member, or has not been here yet since they were added. Wait until they were.");
    }
    if (this.isAudience(members)) throw new DispatchError("not_private", "These are all members who can read at all: write to everyone.");
    return this.#conversationOf(conversationKey(members), members);
  }

  /**
   * @param {string[]} members
   * @returns {boolean} whether an epoch for these is one for everyone
   */
  isAudience(members) {
    return audience(this.#chain).every((ordinal) => members.includes(this.#chain.roster[ordinal].account));
  }

  /**
   * @param {string} key
   * @param {string[] | null} members
   */
  #conversationOf(key, members) {
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
    if (author === undefined || this.#chain.redactions.has(index)) throw new DispatchError("bad_redaction", "There is no message there, or it is removed already.");
    if (!this.isAuthority && this.#chain.roster[author].account !== this.account) throw new DispatchError("not_authority", "Only its author and the community's owner may remove a message.");
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
    if (this.#wanted) return;
    this.#wanted = new AbortController();
    this.#running = this.#run(this.#wanted.signal);
  }

  async disconnect() {
    this.#wanted?.abort();
    this.#wanted = null;
    this.#wake();
    await this.#running;
  }

  /** Tries now. */
  wake() {
    this.#wake();
  }

  /** Tries now if it waits for the network; what was refused or stopped is the person's to take up again. */
  networkIsBack() {
    if (this.#state.name === "waiting") this.#wake();
  }

  /**
   * What is kept was found to be damaged: drops it, and fetches it again. Keys, what is unsent and the highest checkpoint stay.
   *
   * @internal
   * @param {string} why
   */
  async refetch(why) {
    if (this.#refetching) return;
    this.#refetching = true;
    const wanted = this.#wanted !== null;
    await this.disconnect();
    await this.ledger.forget(why);
    this.ledger.damage = null;
    this.#refetching = false;
    this.emit("notice", { code: "store_damaged", text: why });
    if (wanted) this.connect();
  }

  #refetching = false;

  /** Ends the connection, to dial anew: the network has gone. */
  drop() {
    this.#connection?.fail(new DispatchError("unreachable", "This device is offline."));
  }

  /** @type {Connection | null} */
  #connection = null;

  /** @param {AbortSignal} signal */
  async #run(signal) {
    let failures = 0;
    while (!signal.aborted) {
      this.#say({ name: "connecting", attempt: failures + 1 });
      const error = await this.#dial(signal, () => {
        failures = 0;
      });
      clearTimeout(this.#coverTimer);
      await this.ledger.rest().catch(() => {});
      if (signal.aborted) break;
      failures++;
      await this.#afterwards(error, failures, signal);
    }
    this.#say({ name: "offline" });
  }

  /**
   * @param {DispatchError} error why the connection ended
   * @param {number} failures in a row
   * @param {AbortSignal} signal
   */
  async #afterwards(error, failures, signal) {
    const { code, message: detail } = error;
    const woken = new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
    switch (outcome(error)) {
      case "finding":
        this.#say({ name: "stopped", finding: await this.#find(error, signal) });
        await woken;
        return;
      case "ask again":
        this.#granted = null;
        this.#say({ name: "refused", code, detail: this.#explain({ code, detail }) });
        await Promise.race([woken, pause(backoff(1, ASK_AGAIN_MS), signal)]);
        return;
      case "refused":
        if (code === "store_full") this.emit("notice", { code, text: detail });
        this.#say({ name: "refused", code, detail: this.#explain({ code, detail }) });
        await woken;
        return;
      case "at once":
        if (code !== "behind") this.#granted = null;
        if (failures === 1 || code === "behind") return;
    }
    const ms = backoff(failures, error.retryAfter);
    this.#say({ name: "waiting", retryAt: this.host.now() + ms, code, detail });
    await Promise.race([woken, pause(ms, signal)]);
  }

  /**
   * @param {AbortSignal} signal
   * @param {() => void} opened
   * @returns {Promise<DispatchError>} why it ended
   */
  async #dial(signal, opened) {
    try {
      const dialled = await this.#prepare(signal);
      const connection = await Connection.open(dialled, this.#listener(() => connection, opened), signal);
      this.#connection = connection;
      this.#say({ name: "joining" });
      return await connection.run();
    } catch (error) {
      if (error instanceof DispatchError) return error;
      return new DispatchError("failed", `The client itself failed: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      this.#connection = null;
    }
  }

  /**
   * What there has to be before anything is said.
   *
   * @param {AbortSignal} signal
   */
  async #prepare(signal) {
    const identity = this.host.identity();
    if (!identity) throw noIdentity();
    if (this.ledger.account !== identity.account) {
      this.ledger.account = identity.account;
      this.ledger.timeline.account = identity.account;
    }
    await this.ledger.settle();
    if (this.ledger.damage !== null) {
      this.emit("notice", { code: "store_damaged", text: this.ledger.damage });
      this.ledger.damage = null;
    }
    const { document, genesis } = await discover(this.origin, this.id, this.host.fetch, signal);
    const serverKey = /** @type {PublicKey} */ (genesis.serverKey);
    this.limits = document.limits;
    await this.host.store.commit([{ table: "facts", key: [this.id, "discovery"], value: document }]);
    await this.#checkKept(serverKey);
    const granted = this.#granted && this.#granted.expires_at > this.host.now() ? this.#granted : null;
    return { origin: this.origin, signer: this.writer.signer, WebSocket: await webSocket(this.host.WebSocket), granted, serverKey };
  }

  /**
   * [BACKUP-7] A checkpoint out of a backup counts once the server key verifies it.
   *
   * @param {PublicKey} serverKey
   */
  async #checkKept(serverKey) {
    const kept = this.ledger.checkpoint;
    if (!kept || kept.size <= this.size) return;
    try {
      await checkCheckpoint(kept, serverKey, this.id);
    } catch {
      this.ledger.checkpoint = null;
      await this.host.store.commit([{ table: "facts", key: [this.id, "checkpoint"] }]);
    }
  }

  /**
   * @param {() => Connection} connection
   * @param {() => void} opened
   * @returns {import("./connection.js").Host}
   */
  #listener(connection, opened) {
    let target = 0;
    return {
      ledger: this.ledger,
      challenged: (expiresAt) => {
        if (this.limits) this.clockOffset = expiresAt - this.limits.challenge_ms - this.host.now();
      },
      joined: (granted) => {
        this.#granted = granted;
        connection().token = granted.token;
      },
      syncing: (welcome) => {
        target = welcome.size;
        this.#hadAny = this.size > 0;
        this.#quiet = target - this.size > MANY;
        this.#say({ name: "syncing", verified: this.size, target });
      },
      taken: (taken) => this.#taken(taken, target),
      synced: () => {
        opened();
        this.#quiet = false;
        if (!this.#hadAny) this.#markHistory();
        this.#say({ name: "open", expiresAt: /** @type {import("./session.js").Granted} */ (this.#granted).expires_at });
        void this.#ready(connection());
      },
      covered: (checkpoint) => {
        this.emit("checkpoint", checkpoint);
        this.#watchCover();
      },
    };
  }

  #hadAny = true;

  /** To a newcomer, or on a new device, what was said before is history and no news. */
  #markHistory() {
    if (this.ledger.timeline.marks.size) return;
    for (const { key, count } of this.ledger.timeline.threads.values()) void this.#conversations.get(key)?.markRead(count).catch(() => {});
  }

  /**
   * The chain is up to date: what waits can be said.
   *
   * @param {Connection} connection
   */
  async #ready(connection) {
    try {
      await this.ledger.rest();
      await this.#offerCard();
      await this.outbox.run(connection);
    } catch (error) {
      connection.fail(error);
    }
  }

  /** Publishes our card where the chain does not have it as our last. */
  async #offerCard() {
    const card = this.host.identity()?.cards[0]?.x25519;
    const known = this.#chain.accounts.get(this.account ?? "");
    if (!card || !known?.isMember || this.outbox.has("card") || this.#chain.cardOf(known)?.x25519 === card) return;
    await this.outbox.add({ kind: "card", said: { x25519: card } }, true);
  }

  /**
   * @param {Taken[]} taken
   * @param {number} target
   */
  async #taken(taken, target) {
    const from = taken[0].block.index;
    const touched = new Set();
    for (const each of taken) await this.#one(each, touched);
    if (this.#state.name === "syncing" && this.host.now() - this.#stateSaidAt >= STATE_EVERY_MS) this.#say({ name: "syncing", verified: this.size, target });
    this.emit("blocks", { from, size: this.size });
    for (const conversation of touched) this.emit("conversation", conversation);
    this.#watchCover();
  }

  /**
   * @param {Taken} taken
   * @param {Set<Conversation>} touched
   */
  async #one({ block, id, conversation: key, number }, touched) {
    const { entry, index } = block;
    // Where the store is full it is offered again, and the answer tells once more.
    if (entry.author === this.account) await this.outbox.arrived(id).catch(() => {});
    switch (entry.kind) {
      case "genesis":
      case "roster": {
        const change = { add: entry.kind === "genesis" ? [entry.body.authority] : entry.body.add, remove: entry.body.remove ?? [] };
        this.emit("roster", { index, added: change.add.map((/** @type {string} */ der) => PublicKey.read(der).account), removed: change.remove, by: entry.author });
        for (const each of this.#conversations.values()) if (!each.isPrivate || each.members.some((account) => change.remove.includes(account))) touched.add(each);
        return;
      }
      case "card":
        this.emit("card", { account: entry.author });
        return;
      case "share":
        return this.#shared(entry);
      case "epoch":
        this.secrets.again(id);
        return;
      case "redaction":
        return this.#redacted(entry.body.index);
      case "message": {
        const thread = this.ledger.timeline.threads.get(/** @type {string} */ (key));
        const conversation = this.#conversationOf(/** @type {string} */ (key), thread?.members ?? null);
        touched.add(conversation);
        if (!this.#quiet) this.emit("message", { conversation, message: await conversation.read_({ block, id, number: /** @type {number} */ (number) }) });
      }
    }
  }

  /** @param {import("./form.js").Entry} entry */
  #shared({ body }) {
    if (!body.wraps.some((/** @type {import("./form.js").Wrap} */ { member }) => member === this.account)) return;
    this.secrets.again(body.epoch);
    const key = this.#chain.epochs.get(body.epoch)?.conversation;
    const conversation = key ? this.#conversations.get(key) : undefined;
    if (conversation) this.emit("changed", { conversation, number: null });
  }

  /** @param {number} index */
  async #redacted(index) {
    const row = await this.ledger.block(index);
    const conversation = this.#conversations.get(row.conversation ?? "");
    if (conversation) this.emit("changed", { conversation, number: row.number ?? null });
  }

  /** [CHECK-13] */
  #watchCover() {
    clearTimeout(this.#coverTimer);
    const { size } = this;
    if (this.#state.name !== "open" || (this.checkpoint?.size ?? 0) >= size) return;
    this.#coverTimer = setTimeout(() => {
      this.emit("notice", { code: "uncovered_block", text: "The server has not signed for the newest messages yet, though it should have. It could still deny them." });
    }, UNCOVERED_MS + (this.limits?.checkpoint_ms ?? 1000));
  }

  /** @param {State} state */
  #say(state) {
    this.#state = state;
    this.#stateSaidAt = this.host.now();
    this.emit("state", state);
  }

  /** @param {Outgoing} outgoing */
  #outgoing(outgoing) {
    this.emit("pending", outgoing);
    const conversation = outgoing.conversation ? this.#conversations.get(outgoing.conversation) : undefined;
    if (conversation) this.emit("conversation", conversation);
    if (outgoing.code === "clock_skew") this.emit("notice", { code: "clock_skew", text: outgoing.detail ?? "" });
    if (outgoing.kind === "card" && outgoing.code) this.emit("notice", { code: "card_failed", text: `Nobody can write to you yet: ${outgoing.detail}` });
  }

  /**
   * @param {{ code: string, detail: string }} refusal
   * @returns {string}
   */
  #explain({ code, detail }) {
    switch (code) {
      case "not_allowed":
        return "The owner has not let this account in yet. Hand them your public key, and this goes on by itself.";
      case "removed":
        return "The owner has removed this account. What was read before can still be read here.";
      case "wrong_origin":
        return "The server does not know this address as its own. Ask for a new invitation.";
      case "clock_skew":
        return this.#explainClock();
      default:
        return detail || `The server refused it (${code}).`;
    }
  }

  #explainClock() {
    const offset = this.clockOffset ?? 0;
    const minutes = Math.round(Math.abs(offset) / 60_000);
    return `The clock of this device is ${minutes} minutes ${offset > 0 ? "behind" : "ahead of"} the server's, so the server takes nothing from it. Set it right, then try again.`;
  }

  /**
   * What did not verify is kept and told, with what can be proven of it.
   *
   * @param {DispatchError & { checkpoint?: Checkpoint }} error
   * @param {AbortSignal} signal
   * @returns {Promise<Finding>}
   */
  async #find(error, signal) {
    const { code, text, evidence } = await new Investigation(this.ledger, () => this.#prepare(signal), signal).of(error);
    const finding = { code, text, time: this.host.now(), evidence };
    this.#granted = null;
    const last = this.findings.at(-1);
    const again = last?.code === code && last.text === text && evidence === null;
    this.findings = again ? [...this.findings.slice(0, -1), { ...last, time: finding.time }] : [...this.findings, finding];
    if (again) return last;
    await this.host.store.commit([{ table: "findings", key: [this.id, this.findings.length], value: finding }]).catch(() => {});
    this.emit("finding", finding);
    return finding;
  }
}

function noIdentity() {
  return new DispatchError("no_identity", "There is no identity on this device yet. Make one, or restore a backup.");
}
