/** Keeps a community connected: dials, waits, tries again, and stops where something does not verify. */

import { Arrivals } from "./arrivals.js";
import { Connection } from "./connection.js";
import { Cover } from "./cover.js";
import { discover } from "./discovery.js";
import { DispatchError } from "./dispatch-error.js";
import { Newest } from "./early.js";
import { Investigation } from "./investigation.js";
import { pause } from "./pause.js";
import { PATIENCE } from "./pulse.js";
import { openReaders } from "./readers.js";
import { Requests } from "./requests.js";
import { explain, noIdentity } from "./sentences.js";
import { webSocket } from "./socket.js";
import { Stop } from "./stop.js";
import { ASK_AGAIN_MS, backoff, outcome } from "./states.js";

/** @typedef {import("./community.js").Community} Community */
/** @typedef {import("./states.js").State} State */

/** Messages of so long a sync are not told one by one. */
const MANY = 1000;
const STATE_EVERY_MS = 100;
/** After so long an attempt hangs, rather than that it has just begun. */
const LONG_MS = 2000;

export class Upkeep {
  /** @type {State} */
  state = { name: "offline" };
  #saidAt = 0;
  /** @type {AbortController | null} while being connected is wanted */
  #wanted = null;
  /** @type {Promise<void>} */
  #running = Promise.resolve();
  #wake = () => {};
  /** @type {import("./session.js").Granted | null} */
  #granted = null;
  /** @type {Connection | null} */
  #connection = null;
  /** From dialling to the welcome. @type {AbortController | null} */
  #attempt = null;
  /** What is done beside a connection, and ends soon after it. */
  #beside = Promise.resolve();
  /** The newest messages are fetched. */
  #fetching = Promise.resolve();

  /** @param {Community} community */
  constructor(community) {
    this.community = community;
    this.arrivals = new Arrivals(community);
    this.newest = new Newest(community);
    this.stop = new Stop(community);
    this.cover = new Cover(() => {
      community.emit("notice", {
        code: "uncovered_block",
        text: "The server has not signed for the newest messages yet, though it should have. It could still deny them.",
      });
    });
  }

  get isWanted() {
    return this.#wanted !== null;
  }

  /** Reads whether the community was stopped when the program ended. Called once. */
  async open() {
    await this.stop.open();
    if (this.stop.finding) this.state = { name: "stopped", finding: this.stop.finding };
  }

  connect() {
    if (this.#wanted) return;
    const wanted = new AbortController();
    this.#wanted = wanted;
    this.#running = this.#running.then(() => this.#run(wanted.signal));
  }

  async disconnect() {
    this.#wanted?.abort();
    this.#wanted = null;
    this.#wake();
    await this.#running;
    this.newest.drop();
  }

  wake() {
    const wasStopped = this.stop.finding !== null;
    this.stop.finding = null;
    this.#wake();
    this.#attempt?.abort();
    if (wasStopped) this.connect();
  }

  /** The network may be another than before. */
  networkIsBack() {
    const { name } = this.state;
    const isDialling = name === "connecting" || name === "joining";
    if (name === "waiting" || (isDialling && this.community.host.now() - this.#saidAt >= LONG_MS)) this.wake();
    if (name === "syncing" || name === "open") this.#connection?.pulse.look();
  }

  drop() {
    this.#connection?.fail(new DispatchError("unreachable", "This device is offline."));
  }

  /** @param {State} state */
  #say(state) {
    this.state = state;
    this.#saidAt = this.community.host.now();
    this.community.emit("state", state);
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    let failures = 0;
    while (!signal.aborted) {
      if (this.stop.finding) {
        await this.#woken();
        continue;
      }
      this.#say({ name: "connecting", attempt: failures + 1 });
      const error = await this.#dial(signal, () => {
        failures = 0;
      });
      this.cover.stop();
      await this.#beside;
      await this.#fetching;
      await this.community.ledger.rest().catch(() => {}); // where there is no room the blocks behind the last snapshot are verified again
      if (signal.aborted) break;
      if (!error) continue;
      failures++;
      await this.#afterwards(error, failures, signal);
    }
    if (!this.stop.finding) this.#say({ name: "offline" });
  }

  /** @returns {Promise<void>} once somebody wakes it, or it is no longer wanted */
  #woken() {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /**
   * @param {AbortSignal} signal
   * @param {() => void} opened
   * @returns {Promise<DispatchError | null>} why it ended; null where another attempt is wanted in its stead
   */
  async #dial(signal, opened) {
    const attempt = new AbortController();
    this.#attempt = attempt;
    const both = AbortSignal.any([signal, attempt.signal]);
    try {
      await this.stop.end();
      const dialled = await this.#prepare(both);
      const connection = await Connection.open(
        dialled,
        this.#host(() => connection, opened),
        both,
      );
      this.#connection = connection;
      this.#say({ name: "joining" });
      const error = await connection.run();
      return attempt.signal.aborted ? null : error;
    } catch (error) {
      if (attempt.signal.aborted) return null;
      if (error instanceof DispatchError) return error;
      return new DispatchError("failed", `The client itself failed: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      this.#attempt = null;
      this.#connection = null;
    }
  }

  /**
   * What there has to be before anything is said.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<import("./connection.js").Dialled>}
   */
  async #prepare(signal) {
    const { community } = this;
    const { host, ledger } = community;
    const identity = host.identity();
    if (!identity) throw noIdentity();
    ledger.account = identity.account;
    ledger.timeline.account = identity.account;
    await ledger.settle();
    if (ledger.damage !== null) {
      community.emit("notice", { code: "store_damaged", text: ledger.damage });
      ledger.damage = null;
    }
    const patience = { ...PATIENCE, ...host.patience };
    const { document, genesis } = await discover(community.origin, community.id, host.fetch, signal, patience.step);
    const serverKey = /** @type {import("./public-key.js").PublicKey} */ (genesis.serverKey);
    community.limits = document.limits;
    await host.store.commit([{ table: "facts", key: [community.id, "discovery"], value: document }]);
    await ledger.witness.check(serverKey, ledger.chain);
    const granted = this.#granted && this.#granted.expires_at > host.now() ? this.#granted : null;
    const { signer } = community.writer;
    const readers = (/** @type {import("./readers.js").Keys} */ keys) => openReaders(host, keys, patience.answer);
    return { origin: community.origin, signer, WebSocket: await webSocket(host.WebSocket), granted, serverKey, patience, readers, http: document.transports.includes("http") };
  }

  /**
   * @param {() => Connection} connection
   * @param {() => void} opened
   * @returns {import("./connection.js").Host}
   */
  #host(connection, opened) {
    const { community } = this;
    const { ledger, host } = community;
    let target = 0;
    let isFirst = false;
    const look = () => this.cover.look(community.size, community.checkpoint?.size ?? 0, community.limits?.checkpoint_ms ?? 1000);
    return {
      ledger,
      challenged: (expiresAt) => {
        if (community.limits) community.clockOffset = expiresAt - community.limits.challenge_ms - host.now();
      },
      joined: (granted) => {
        this.#granted = granted;
        connection().token = granted.token;
      },
      syncing: (welcome) => {
        this.#attempt = null;
        target = welcome.size;
        isFirst = community.size === 0;
        this.arrivals.isQuiet = target - community.size > MANY;
        this.#say({ name: "syncing", verified: ledger.chain.size, target });
      },
      promised: (checkpoint) => {
        this.#fetching = this.#fetchNewest(connection(), checkpoint);
      },
      taken: async (taken) => {
        if (taken.length) await this.arrivals.tell(taken);
        this.newest.grown();
        if (this.state.name === "syncing" && host.now() - this.#saidAt >= STATE_EVERY_MS)
          this.#say({ name: "syncing", verified: ledger.chain.size, target });
        if (this.state.name === "open") look();
      },
      synced: () => {
        opened();
        this.arrivals.isQuiet = false;
        const marked = isFirst ? this.#markHistory() : null;
        this.#say({ name: "open", expiresAt: /** @type {import("./session.js").Granted} */ (this.#granted).expires_at });
        look();
        this.#beside = this.#ready(connection(), marked);
      },
      covered: (checkpoint) => {
        community.emit("checkpoint", checkpoint);
        look();
      },
      repaired: (conversations) => {
        for (const conversation of [...conversations].flatMap((key) => community.conversation(key) ?? [])) {
          community.emit("changed", { conversation, number: null });
          community.emit("conversation", conversation);
        }
      },
    };
  }

  /**
   * @param {Connection} connection
   * @param {import("./form.js").Checkpoint} checkpoint
   */
  async #fetchNewest(connection, checkpoint) {
    const { dialled, ended, token } = connection;
    if (!dialled.http || !this.newest.pays(checkpoint)) return;
    const lie = await this.newest.fetch(checkpoint, new Requests(dialled.origin, token, this.community.host.fetch, ended, dialled.patience.answer));
    if (lie) connection.fail(lie);
  }

  /** To a newcomer, or on a new device, what was said before is history and no news. */
  async #markHistory() {
    const { timeline } = this.community.ledger;
    if (timeline.marks.size) return;
    const threads = [...timeline.threads.values()];
    await Promise.all(threads.map(({ key, count }) => this.community.conversation(key)?.markRead(count))).catch(() => {});
  }

  /**
   * The chain is up to date: what waits can be said.
   *
   * @param {Connection} connection
   * @param {Promise<void> | null} marked
   */
  async #ready(connection, marked) {
    try {
      await marked;
      await this.community.ledger.rest();
      await this.#offerCard();
      await this.community.outbox.run(connection);
    } catch (error) {
      connection.fail(error);
    }
  }

  /** Publishes our card where the chain does not have it as our last. */
  async #offerCard() {
    const { account, host, ledger, outbox } = this.community;
    const card = host.identity()?.cards[0]?.x25519;
    const known = ledger.chain.accounts.get(account ?? "");
    if (!card || !known?.isMember || outbox.has("card") || ledger.chain.cardOf(known)?.x25519 === card) return;
    await outbox.add({ kind: "card", said: { x25519: card } }, true);
  }

  /**
   * @param {DispatchError} error why the connection ended
   * @param {number} failures in a row
   * @param {AbortSignal} signal
   */
  async #afterwards(error, failures, signal) {
    const { community } = this;
    const { code, message: detail } = error;
    const woken = this.#woken();
    /** @type {State} */
    const refused = { name: "refused", code, detail: explain(code, detail, community.clockOffset), retryAt: null };
    switch (outcome(error)) {
      case "finding": {
        this.newest.drop();
        const over = new AbortController();
        void woken.then(() => over.abort());
        const investigation = new Investigation(community.ledger, (until) => this.#prepare(until), AbortSignal.any([signal, over.signal]));
        this.#granted = null;
        return this.stop.begin(error, investigation, (finding) => this.#say({ name: "stopped", finding }));
      }
      case "ask again":
        this.#granted = null;
        return this.#wait(backoff(1, ASK_AGAIN_MS), signal, (retryAt) => ({ ...refused, retryAt }));
      case "refused":
        if (code === "store_full") community.emit("notice", { code, text: detail });
        this.#say(refused);
        return woken;
      case "at once":
        if (code !== "behind") this.#granted = null;
        if (failures === 1 || code === "behind") return;
    }
    await this.#wait(backoff(failures, error.retryAfter), signal, (retryAt) => ({ name: "waiting", retryAt, code, detail }));
  }

  /**
   * @param {number} ms
   * @param {AbortSignal} signal
   * @param {(retryAt: number) => State} stateOf
   */
  async #wait(ms, signal, stateOf) {
    const woken = this.#woken();
    this.#say(stateOf(this.community.host.now() + ms));
    await Promise.race([woken, pause(ms, signal)]);
  }
}
