/** What is to be said and is not on the chain yet, as it is kept. In the store first: what could not be kept does not happen. */

import { idsOf, isMade, outgoing } from "./outgoing.js";
import { LAST } from "./store/keys.js";

/** @typedef {import("./outgoing.js").Item} Item */
/** @typedef {import("./outgoing.js").Outgoing} Outgoing */
/** @typedef {Partial<Item> & { kind: import("./form.js").Kind, said: any }} New */

export class Unsent {
  /** @type {Item[]} in their order */
  items = [];

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {object} host
   * @param {() => number} host.now
   * @param {(outgoing: Outgoing) => void} host.changed
   * @param {() => void} host.came there is more to be sent
   */
  constructor(ledger, host) {
    this.ledger = ledger;
    this.host = host;
  }

  async open() {
    const { store, community } = this.ledger;
    const rows = await store.range("outbox", [community], [community, LAST]);
    this.items = rows.map(({ value }) => value).sort((one, other) => one.order - other.order);
    for (const item of [...this.items]) {
      // Its block was kept, and then the page was closed.
      for (const id of idsOf(item)) if ((await store.get("entries", [community, id])) !== undefined) await this.remove(item);
    }
  }

  /**
   * @param {New} what
   * @param {boolean} first before all that waits
   */
  add(what, first) {
    const orders = this.items.map(({ order }) => order);
    return this.#insert(what, first ? Math.min(0, ...orders) - 1 : Math.max(0, ...orders) + 1);
  }

  /**
   * @param {Item} item
   * @param {New[]} needed goes in front of it, in this order
   */
  async addBefore({ order }, needed) {
    const before = Math.max(order - 1, ...this.items.map((item) => item.order).filter((each) => each < order));
    for (const [at, what] of needed.entries()) await this.#insert(what, before + ((order - before) * (at + 1)) / (needed.length + 1));
  }

  /**
   * @param {New} what
   * @param {number} order
   * @returns {Promise<Item>}
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
      former: [],
      tries: 0,
      made: 0,
      under: null,
      code: null,
      detail: null,
      ...what,
    };
    await this.ledger.store.commit([this.#row(item)]);
    this.items.push(item);
    this.items.sort((one, other) => one.order - other.order);
    this.host.changed(outgoing(item));
    this.host.came();
    return item;
  }

  /** @param {Item} item @returns {import("./store/keys.js").StoreChange} */
  #row(item) {
    return { table: "outbox", key: [this.ledger.community, item.local], value: item };
  }

  /**
   * @param {Item} item
   * @param {Partial<Item>} changes
   */
  change(item, changes) {
    return this.changeAll([[item, changes]]);
  }

  /** @param {[Item, Partial<Item>][]} all */
  async changeAll(all) {
    await this.ledger.store.commit(all.map(([item, changes]) => this.#row({ ...item, ...changes })));
    for (const [item, changes] of all) {
      Object.assign(item, changes);
      this.host.changed(outgoing(item));
    }
  }

  /** @param {Item} item */
  async remove(item) {
    await this.ledger.store.commit([{ table: "outbox", key: [this.ledger.community, item.local] }]);
    this.items = this.items.filter((each) => each !== item);
  }

  /**
   * An epoch that was made for a message is named by its id, in the message and in the shares that continue it: never another one of ours.
   *
   * @param {Item} item
   * @param {string} id
   * @returns {[Item, Partial<Item>][]}
   */
  named(item, id) {
    const shares = this.items.filter(({ kind, said }) => kind === "share" && isMade(item) && said.for === item.said.for);
    const message = this.messageOf(item);
    /** @type {[Item, Partial<Item>][]} */
    const named = shares.map((share) => [share, { said: { ...share.said, epoch: id } }]);
    return message ? [...named, [message, { under: id }]] : named;
  }

  /** @param {Item} item what was made for a message */
  messageOf({ said }) {
    return said.for === undefined ? undefined : this.items.find(({ local }) => local === said.for);
  }

  /**
   * Takes away what was made for a message, all of it: a share without its epoch is of another one's secret.
   *
   * @param {Item} item
   * @param {Partial<Item>} changes of the message
   */
  async drop(item, changes) {
    const message = this.messageOf(item);
    const dropped = this.items.filter((each) => each === item || (isMade(each) && each.said.for === item.said.for));
    const changed = message && { ...message, ...(item.kind === "epoch" ? { made: message.made - 1 } : {}), ...changes };
    const rows = dropped.map(({ local }) => ({ table: "outbox", key: [this.ledger.community, local] }));
    await this.ledger.store.commit([...rows, ...(changed ? [this.#row(changed)] : [])]);
    this.items = this.items.filter((each) => !dropped.includes(each));
    if (!message) return;
    Object.assign(message, changed);
    this.host.changed(outgoing(message));
  }
}
