/** Keys of a store: texts, numbers, or lists of them, in the order in which IndexedDB has them. */

/** @typedef {string | number | (string | number)[]} Key */
/** @typedef {{ table: string, key: Key, value?: unknown } | { table: string, lower: Key, upper: Key }} StoreChange */

/**
 * Where verified state, keys and what is to be sent are kept. See README, Store.
 *
 * @typedef {object} Store
 * @property {(table: string, key: Key) => Promise<any>} get
 * @property {(table: string, lower: Key, upper: Key, options?: { limit?: number, reverse?: boolean }) => Promise<{ key: any, value: any }[]>} range
 * @property {(changes: StoreChange[]) => Promise<void>} commit rejects with `store_full` where there is no room; then nothing was changed
 * @property {() => Promise<{ persisted: boolean | null, usage: number | null, quota: number | null }>} estimate
 * @property {() => Promise<void>} close
 */

/** All tables there are. */
export const TABLES = ["identity", "names", "communities", "facts", "pages", "blocks", "entries", "wraps", "messages", "outbox", "findings", "marks"];

/** What is behind every text that follows in a list. */
export const LAST = "\uffff";

/**
 * @param {Key} one
 * @param {Key} other
 * @returns {number} below 0, 0 or above 0. Numbers come before texts, texts before lists; texts by their code units
 */
export function compareKeys(one, other) {
  const rank = (/** @type {Key} */ key) => (typeof key === "number" ? 0 : typeof key === "string" ? 1 : 2);
  if (rank(one) !== rank(other)) return rank(one) - rank(other);
  if (Array.isArray(one) && Array.isArray(other)) {
    for (let at = 0; at < Math.min(one.length, other.length); at++) {
      const order = compareKeys(one[at], other[at]);
      if (order) return order;
    }
    return one.length - other.length;
  }
  return one < other ? -1 : one > other ? 1 : 0;
}
