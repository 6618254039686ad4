/** A store that lives as long as its object: for tests, and for programs that read the chain anew at each start. */

import { DispatchError } from "../dispatch-error.js";
import { compareKeys, TABLES } from "./keys.js";

/** @typedef {import("./keys.js").Key} Key */

export class MemoryStore {
  /** @type {Map<string, { key: Key, value: any }[]>} rows in the order of their keys */
  #tables = new Map(TABLES.map((name) => [name, []]));
  #closed = false;

  /** @param {string} name */
  #rows(name) {
    if (this.#closed) throw new DispatchError("closed", "The store is closed.");
    const rows = this.#tables.get(name);
    if (!rows) throw new TypeError(`There is no table ${name}.`);
    return rows;
  }

  /**
   * @param {string} table
   * @param {Key} key
   */
  async get(table, key) {
    const rows = this.#rows(table);
    const row = rows[place(rows, key)];
    return row && compareKeys(row.key, key) === 0 ? structuredClone(row.value) : undefined;
  }

  /**
   * @param {string} table
   * @param {Key} lower included
   * @param {Key} upper not included
   * @param {{ limit?: number, reverse?: boolean }} [options]
   */
  async range(table, lower, upper, { limit = Number.POSITIVE_INFINITY, reverse = false } = {}) {
    const rows = this.#rows(table);
    const [from, to] = [place(rows, lower), place(rows, upper)];
    const [start, end] = reverse ? [Math.max(from, to - limit), to] : [from, Math.min(to, from + limit)];
    const found = rows.slice(start, end).map(({ key, value }) => ({ key, value: structuredClone(value) }));
    return reverse ? found.reverse() : found;
  }

  /** @param {import("./keys.js").StoreChange[]} changes */
  async commit(changes) {
    const copies = changes.map((change) => ({ rows: this.#rows(change.table), change: structuredClone(change) }));
    for (const { rows, change } of copies) {
      if ("lower" in change) {
        const from = place(rows, change.lower);
        rows.splice(from, Math.max(0, place(rows, change.upper) - from));
        continue;
      }
      const at = place(rows, change.key);
      const there = at < rows.length && compareKeys(rows[at].key, change.key) === 0 ? 1 : 0;
      if (change.value === undefined) rows.splice(at, there);
      else rows.splice(at, there, { key: change.key, value: change.value });
    }
  }

  async estimate() {
    return { persisted: false, usage: null, quota: null };
  }

  async close() {
    this.#closed = true;
  }
}

/**
 * @param {{ key: Key }[]} rows
 * @param {Key} key
 * @returns {number} of the first row whose key is not smaller
 */
function place(rows, key) {
  let [from, to] = [0, rows.length];
  if (to && compareKeys(rows[to - 1].key, key) < 0) return to; // what is appended is the usual case
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compareKeys(rows[middle].key, key) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
