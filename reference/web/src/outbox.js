/**
 * What is to be said and is not on the chain yet. One entry is under way at a time, in the order in which it was said.
 *
 * Each is kept before anything is done with it: first what was said, then, before it is sent, the signed entry. An entry whose answer is not known
 * is offered again, the same, on the next connection [ENTRY-14] [ENTRY-17]; only after a refusal, which says that it was not appended, or where it
 * may no longer be said as it is, is another signed in its place. What was signed before is remembered: if it turns up after all, it is what was
 * said. So nothing is lost, and nothing is said twice.
 *
 * The protocol allows for many entries under way at a time. But where another device of ours takes the number of the first of them, the server refuses
 * that one and appends the next, which has the number after: what was said first would stand last. So the next waits.
 */

import { checkReceipt } from "./chain-view.js";
import { DispatchError, Said } from "./dispatch-error.js";
import { entryId } from "./entry.js";
import { idsOf, isMade, outgoing, unsigned } from "./outgoing.js";
import { pause } from "./pause.js";
import { Unsent } from "./unsent.js";

/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Kind} Kind */
/** @typedef {import("./frame.js").Accepted} Accepted */
/** @typedef {import("./frame.js").Refused} Refused */
/** @typedef {import("./outgoing.js").Item} Item */
/** @typedef {import("./outgoing.js").Outgoing} Outgoing */
/** @typedef {import("./unsent.js").New} New */

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
/** So many blocks may be made for one message, where all around it changes meanwhile. */
const MOST_MADE = 4;
const FRESH_MS = 5000;

export class Outbox {
  #wake = () => {};
  /** Ids of entries that are on the chain, while their items could not be taken away: they are never said again. @type {Set<string>} */
  #come = new Set();

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {import("./writer.js").Writer} writer
   * @param {object} host
   * @param {() => number} host.now
   * @param {() => number} host.wraps the server's limit
   * @param {(index: number) => Promise<import("./ledger.js").Kept>} host.block from the store
   * @param {(outgoing: Outgoing) => void} host.changed
   * @param {(refusal: Refused) => string} host.explain a sentence for a refusal
   */
  constructor(ledger, writer, host) {
    this.ledger = ledger;
    this.writer = writer;
    this.host = host;
    this.unsent = new Unsent(ledger, { now: host.now, changed: host.changed, came: () => this.#wake() });
  }

  open() {
    return this.unsent.open();
  }

  get pending() {
    return this.unsent.items.map(outgoing);
  }

  /** @param {New} what @param {boolean} [first] before all that waits */
  async add(what, first = false) {
    return outgoing(await this.unsent.add(what, first));
  }

  /** @param {Kind} kind */
  has(kind) {
    return this.unsent.items.some((item) => item.kind === kind && item.code === null);
  }

  /** @param {string} local */
  #failed(local) {
    const item = this.unsent.items.find((each) => each.local === local);
    if (!item || item.code === null) throw new DispatchError("not_failed", "Only what has failed can be tried again or discarded.");
    return item;
  }

  /** @param {string} local */
  async retry(local) {
    const item = this.#failed(local);
    await this.unsent.change(item, { code: null, detail: null, tries: 0, made: 0, ...unsigned(item) });
    this.#wake();
  }

  /** @param {string} local */
  async discard(local) {
    const item = this.#failed(local);
    await this.unsent.remove(item);
    this.host.changed(outgoing(item));
  }

  /**
   * Our own entry is on the chain.
   *
   * @param {string} id
   */
  async arrived(id) {
    const item = this.unsent.items.find((each) => idsOf(each).includes(id));
    if (!item) return;
    this.#come.add(id);
    await this.unsent.remove(item);
    this.#come.delete(id);
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
        const due = this.unsent.items.filter(({ code }) => code === null);
        // [ENTRY-17] What is signed has a number that nothing else of ours may take before its answer is known.
        const item = due.find(({ entry }) => entry) ?? due[0];
        const come = item && idsOf(item).find((id) => this.#come.has(id));
        if (!item) await this.#woken();
        else if (come) await this.arrived(come);
        else if (idsOf(item).some((id) => this.ledger.coming.has(id))) await link.grown(50);
        else if (!item.entry) await this.#sign(item);
        else if (await this.#mayGo(item, item.entry)) await this.#offer(item, item.entry, link);
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
    if (!entry || !this.unsent.items.includes(item)) return; // what was signed before has arrived meanwhile
    const id = entryId(entry);
    const about = item.kind === "epoch" ? this.unsent.named(item, id) : [];
    await this.unsent.changeAll([[item, { entry, id }], ...about]); // [ENTRY-17] before it is sent
  }

  /**
   * @param {Item} item
   * @returns {Promise<Entry | null>} null if something else was put in front of it
   */
  async #entryOf(item) {
    const { kind, said, conversation, members, under } = item;
    const { writer } = this;
    switch (kind) {
      case "epoch":
        return writer.epoch(said.ordinals);
      case "share":
        return writer.share(said.epoch, said.ordinals);
      case "message": {
        const ordinals = writer.addressed(members);
        const card = writer.cardToPublish();
        if (card) return this.#make(item, [{ kind: "card", said: { x25519: card } }]);
        const epoch = await writer.epochFor(/** @type {string} */ (conversation), ordinals, under);
        if (!epoch) return this.#make(item, this.#epochFor(ordinals));
        return writer.message(epoch.id, { text: said.text, ...(said.replyTo ? { reply_to: said.replyTo } : {}) });
      }
      case "card":
        return writer.entry(kind, async () => ({ x25519: said.x25519 }));
      default:
        return writer.entry(kind, async () => said);
    }
  }

  /**
   * An epoch for more than one entry holds is continued by shares. [SHARE-2]
   *
   * @param {number[]} ordinals
   * @returns {{ kind: Kind, said: any }[]}
   */
  #epochFor(ordinals) {
    const own = this.ledger.chain.accounts.get(this.writer.signer.account)?.ordinal;
    const sorted = [...ordinals].sort((one, other) => Number(other === own) - Number(one === own));
    const parts = chunks(sorted, this.host.wraps());
    return parts.map((part, at) => ({ kind: at === 0 ? "epoch" : "share", said: { ordinals: part } }));
  }

  /**
   * Puts in front of a message what it needs. The chain is everybody's and keeps all: where what was made never fits, the message fails.
   *
   * @param {Item} message
   * @param {{ kind: Kind, said: any }[]} needed
   */
  async #make(message, needed) {
    const { local, made = 0 } = message;
    if (made >= MOST_MADE)
      throw new DispatchError("stale_epoch", "The members or their cards changed each time before this could be said. Try again when that is over.");
    await this.unsent.change(message, { made: made + 1 });
    await this.unsent.addBefore(message, needed.map(({ kind, said }) => ({ kind, said: { ...said, for: local } })));
    return null;
  }

  /**
   * What was signed before may have waited long: who is a member, and who can read its epoch, may be others now. [ENC-11] [ENC-16] [ENC-19] [EPOCH-2]
   *
   * @param {Item} item
   * @param {Entry} entry
   * @returns {Promise<boolean>} whether it may be offered as it is; if not, another is signed in its place
   */
  async #mayGo(item, entry) {
    try {
      if (this.writer.stillFits(entry, item)) return true;
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error;
      await this.#fail(item, error.code, error.message);
      return false;
    }
    if (isMade(item)) await this.unsent.drop(item, {});
    else await this.unsent.change(item, unsigned(item));
    return false;
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
    const { block, id } = await this.host.block(answer.index);
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
    const counted = (isMade(item) && this.unsent.messageOf(item)) || item;
    if ((AGAIN.has(code) || stale) && counted.tries < MOST_TRIES) {
      // Blocks that tell why may be on their way; and one of them may be what was refused.
      if (!stale && !this.#hasMoved(entry)) await link.grown((counted.tries + 1) * 200);
      if (!this.unsent.items.includes(item)) return;
      const tries = this.#hasMoved(entry) ? counted.tries : counted.tries + 1;
      // What is made for a message is made anew for it, if it is still needed.
      if (isMade(item)) return this.unsent.drop(item, { tries });
      return this.unsent.change(item, { ...unsigned(item), tries });
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
    if (isMade(item)) await this.unsent.drop(item, { code, detail });
    else await this.unsent.change(item, { code, detail, ...unsigned(item) });
  }
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} most
 */
function chunks(items, most) {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, at) => items.slice(at * most, (at + 1) * most));
}
