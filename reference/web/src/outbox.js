/**
 * What is to be said and is not on the chain yet. One entry is under way at a time, in the order in which it was said.
 *
 * Each is kept before anything is done with it: first what was said, then, before it is sent, the signed entry. An entry whose answer is not known
 * is offered again, the same, on the next connection [ENTRY-14] [ENTRY-17]; only after a refusal, which says that it was not appended, is another
 * signed in its place. So nothing is lost, and nothing is said twice.
 */

import { checkReceipt } from "./chain-view.js";
import { DispatchError, Said } from "./dispatch-error.js";
import { entryId } from "./entry.js";
import { pause } from "./pause.js";
import { LAST } from "./store/keys.js";

/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Kind} Kind */
/** @typedef {import("./frame.js").Accepted} Accepted */
/** @typedef {import("./frame.js").Refused} Refused */

/**
 * @typedef {object} Outgoing
 * @property {string} local its name on this device
 * @property {Kind} kind
 * @property {string | null} conversation
 * @property {string | null} text
 * @property {string | null} replyTo
 * @property {number} createdAt
 * @property {"waiting" | "pending" | "accepted" | "failed"} state
 * @property {string | null} code why it failed
 * @property {string | null} detail the same as a sentence
 */

/**
 * What stands behind an `Outgoing`.
 *
 * @typedef {object} Item
 * @property {string} local
 * @property {number} order
 * @property {Kind} kind
 * @property {string | null} conversation
 * @property {string[] | null} members of a private conversation, ourselves among them
 * @property {any} said by kind: `{text, replyTo}`, `{index, reason}`, `{add, remove}`, `{x25519}`, `{ordinals}`, `{epoch, ordinals}`
 * @property {number} createdAt
 * @property {Entry | null} entry once it is signed
 * @property {string | null} id of the entry
 * @property {number} tries how many entries of it were refused
 * @property {string | null} code
 * @property {string | null} detail
 */

/**
 * The connection as the outbox sees it.
 *
 * @typedef {object} Link
 * @property {AbortSignal} ended
 * @property {(entry: Entry) => Promise<Accepted | Refused>} submit rejects when the connection ends
 * @property {(size: number) => Promise<void>} reached resolves once the chain has so many blocks; rejects when the connection ends
 * @property {(ms: number) => Promise<void>} grown resolves once the chain grows, or so much time is over
 * @property {(error: unknown) => void} fail ends the connection
 */

/** Refusals that say: the chain has moved on, look again. */
const AGAIN = new Set(["bad_seq", "bad_seen", "stale_epoch", "unknown_epoch", "not_recipient", "bad_recipient"]);
/** Refusals that say: not now. */
const LATER = new Set(["rate_limited", "unavailable", "shutting_down"]);
const MOST_TRIES = 5;
const FRESH_MS = 5000;

export class Outbox {
  /** @type {Item[]} in their order */
  #items = [];
  #wake = () => {};

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {import("./writer.js").Writer} writer
   * @param {object} host
   * @param {() => number} host.now
   * @param {() => number} host.wraps the server's limit
   * @param {(outgoing: Outgoing) => void} host.changed
   * @param {(refusal: Refused) => string} host.explain a sentence for a refusal
   */
  constructor(ledger, writer, host) {
    this.ledger = ledger;
    this.writer = writer;
    this.host = host;
  }

  async open() {
    const { store, community } = this.ledger;
    const rows = await store.range("outbox", [community], [community, LAST]);
    this.#items = rows.map(({ value }) => value).sort((one, other) => one.order - other.order);
    for (const item of [...this.#items]) {
      // Its block was kept, and then the page was closed.
      if (item.id && (await store.get("entries", [community, item.id])) !== undefined) await this.#remove(item);
    }
  }

  get pending() {
    return this.#items.map(outgoing);
  }

  /** @param {Partial<Item> & { kind: Kind, said: any }} what @param {boolean} [first] before all that waits */
  async add(what, first = false) {
    const orders = this.#items.map(({ order }) => order);
    const order = first ? Math.min(0, ...orders) - 1 : Math.max(0, ...orders) + 1;
    return outgoing(await this.#insert(what, order));
  }

  /**
   * @param {Partial<Item> & { kind: Kind, said: any }} what
   * @param {number} order
   */
  async #insert(what, order) {
    const item = {
      local: crypto.randomUUID(),
      order,
      conversation: null,
      members: null,
      createdAt: this.host.now(),
      entry: null,
      id: null,
      tries: 0,
      code: null,
      detail: null,
      ...what,
    };
    await this.#keep(item);
    this.#items.push(item);
    this.#items.sort((one, other) => one.order - other.order);
    this.host.changed(outgoing(item));
    this.#wake();
    return item;
  }

  /** @param {Item} item */
  #keep(item) {
    return this.ledger.store.commit([{ table: "outbox", key: [this.ledger.community, item.local], value: item }]);
  }

  /**
   * In the store first: what could not be kept does not happen.
   *
   * @param {Item} item
   * @param {Partial<Item>} changes
   */
  async #change(item, changes) {
    await this.#keep({ ...item, ...changes });
    Object.assign(item, changes);
    this.host.changed(outgoing(item));
  }

  /** @param {Item} item */
  async #remove(item) {
    await this.ledger.store.commit([{ table: "outbox", key: [this.ledger.community, item.local] }]);
    this.#items = this.#items.filter((each) => each !== item);
  }

  /** @param {Kind} kind */
  has(kind) {
    return this.#items.some((item) => item.kind === kind && item.code === null);
  }

  /** @param {string} local */
  #failed(local) {
    const item = this.#items.find((each) => each.local === local);
    if (!item || item.code === null) throw new DispatchError("not_failed", "Only what has failed can be tried again or discarded.");
    return item;
  }

  /** @param {string} local */
  async retry(local) {
    const item = this.#failed(local);
    await this.#change(item, { code: null, detail: null, tries: 0, entry: null, id: null });
    this.#wake();
  }

  /** @param {string} local */
  async discard(local) {
    const item = this.#failed(local);
    await this.#remove(item);
    this.host.changed(outgoing(item));
  }

  /**
   * Our own entry is on the chain.
   *
   * @param {string} id
   */
  async arrived(id) {
    const item = this.#items.find((each) => each.id === id);
    if (!item) return;
    await this.#remove(item);
    this.host.changed({ ...outgoing(item), state: "accepted", code: null, detail: null });
    this.#wake();
  }

  /**
   * Sends what there is, for as long as the connection lives.
   *
   * @param {Link} link
   */
  run(link) {
    // What an ended connection has left half done is finished first: nothing is signed twice.
    this.#running = this.#running.then(() => this.#run(link));
    return this.#running;
  }

  #running = Promise.resolve();

  /** @param {Link} link */
  async #run(link) {
    link.ended.addEventListener("abort", () => this.#wake(), { once: true });
    try {
      while (!link.ended.aborted) {
        const item = this.#items.find(({ code }) => code === null);
        if (!item) await this.#woken();
        else if (!item.entry) await this.#sign(item);
        else await this.#offer(item, item.entry, link);
      }
    } catch (error) {
      if (!link.ended.aborted) link.fail(error);
    }
  }

  #woken() {
    return new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
  }

  /**
   * Signs an item, or puts what it needs in front of it.
   *
   * @param {Item} item
   */
  async #sign(item) {
    let entry;
    try {
      entry = await this.#entryOf(item);
    } catch (error) {
      if (!(error instanceof DispatchError) || error.code.startsWith("store")) throw error;
      return this.#fail(item, error.code, error.message);
    }
    if (!entry) return;
    await this.#change(item, { entry, id: entryId(entry) }); // [ENTRY-17] before it is sent
  }

  /**
   * @param {Item} item
   * @returns {Promise<Entry | null>} null if something else was put in front of it
   */
  async #entryOf({ kind, said, conversation, members, order }) {
    const { writer } = this;
    switch (kind) {
      case "epoch":
        return writer.epoch(said.ordinals);
      case "share":
        return writer.share(said.epoch ?? writer.latestEpoch(), said.ordinals);
      case "message": {
        const ordinals = writer.addressed(members);
        const epoch = await writer.epochFor(/** @type {string} */ (conversation), ordinals);
        if (!epoch) return this.#makeEpoch(ordinals, order);
        return writer.message(epoch.id, { text: said.text, ...(said.replyTo ? { reply_to: said.replyTo } : {}) });
      }
      default:
        return writer.entry(kind, async () => said);
    }
  }

  /**
   * An epoch for more than one entry holds is continued by shares. [SHARE-2]
   *
   * @param {number[]} ordinals
   * @param {number} order of the message that needs it
   */
  async #makeEpoch(ordinals, order) {
    const own = this.ledger.chain.accounts.get(this.writer.signer.account)?.ordinal;
    const sorted = [...ordinals].sort((one, other) => Number(other === own) - Number(one === own));
    const before = Math.max(order - 1, ...this.#items.map((item) => item.order).filter((each) => each < order));
    const parts = chunks(sorted, this.host.wraps());
    for (const [at, part] of parts.entries()) {
      const place = before + ((order - before) * (at + 1)) / (parts.length + 1);
      if (at === 0) await this.#insert({ kind: "epoch", said: { ordinals: part } }, place);
      else await this.#insert({ kind: "share", said: { latest: true, ordinals: part } }, place);
    }
    return null;
  }

  /**
   * @param {Item} item
   * @param {Entry} entry
   * @param {Link} link
   */
  async #offer(item, entry, link) {
    const answer = await link.submit(entry);
    if (answer.type === "refused") return this.#refused(item, entry, answer, link);
    await link.reached(answer.index + 1);
    const { block, id } = await this.ledger.block(answer.index);
    checkReceipt(answer, /** @type {string} */ (item.id), { hash: this.ledger.chain.tree.head(block.index + 1), id }); // [CHAIN-11]
    await this.arrived(id);
  }

  /**
   * @param {Item} item
   * @param {Entry} entry
   * @param {Refused} refusal
   * @param {Link} link
   */
  async #refused(item, entry, refusal, link) {
    const { code, retry_after } = refusal;
    if (code === "bad_token") return link.fail(new Said(refusal));
    if (LATER.has(code)) return pause(retry_after ?? 2000, link.ended);
    const stale = code === "clock_skew" && this.host.now() - entry.sent_at > FRESH_MS;
    if ((AGAIN.has(code) || stale) && item.tries < MOST_TRIES) {
      // What is made for a message is made anew for it, if it is still needed.
      if (item.kind === "epoch" || (item.kind === "share" && item.said.latest)) return this.#remove(item);
      // Blocks that tell why may be on their way.
      if (!stale && !this.#hasMoved(entry)) await link.grown((item.tries + 1) * 200);
      return this.#change(item, { entry: null, id: null, tries: this.#hasMoved(entry) ? item.tries : item.tries + 1 });
    }
    await this.#fail(item, code, this.host.explain(refusal));
  }

  /**
   * Another device of ours was faster: that may happen as often as it likes.
   *
   * @param {Entry} entry
   */
  #hasMoved({ seq, author }) {
    return (this.ledger.chain.accounts.get(author)?.seq ?? 0) >= seq;
  }

  /**
   * @param {Item} item
   * @param {string} code
   * @param {string} detail
   */
  async #fail(item, code, detail) {
    const forMessage = item.kind === "epoch" || (item.kind === "share" && item.said.latest);
    const waiting = forMessage ? this.#items.find(({ kind, code: failed }) => kind === "message" && failed === null) : undefined;
    if (forMessage) await this.#remove(item);
    const failed = forMessage ? waiting : item;
    if (!failed) return;
    await this.#change(failed, { code, detail, entry: null, id: null });
  }
}

/**
 * @param {Item} item
 * @returns {Outgoing}
 */
function outgoing({ local, kind, conversation, said, createdAt, entry, code, detail }) {
  const state = code !== null ? "failed" : entry ? "pending" : "waiting";
  return { local, kind, conversation, text: said.text ?? null, replyTo: said.replyTo ?? null, createdAt, state, code, detail };
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} most
 */
function chunks(items, most) {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, at) => items.slice(at * most, (at + 1) * most));
}
