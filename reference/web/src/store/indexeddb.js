/** A browser's store. Each commit is one transaction with strict durability, where the browser knows that. */

import { DispatchError } from "../dispatch-error.js";
import { TABLES } from "./keys.js";

/** @typedef {import("./keys.js").Key} Key */

const VERSION = 1;

export class IndexedDbStore {
  #database;
  #release;

  /**
   * @param {IDBDatabase} database
   * @param {() => void} release gives the lock back
   */
  constructor(database, release) {
    this.#database = database;
    this.#release = release;
    database.onversionchange = () => this.close();
  }

  /**
   * @param {string} name
   * @returns {Promise<IndexedDbStore>} rejects with `store_in_use` if another page has it open
   */
  static async open(name) {
    const release = await lock(`dispatch-d store ${name}`);
    try {
      const request = indexedDB.open(name, VERSION);
      request.onupgradeneeded = () => {
        for (const table of TABLES) if (!request.result.objectStoreNames.contains(table)) request.result.createObjectStore(table);
      };
      const database = await done(request);
      // Otherwise the browser may clear it when the disk runs full. Where a person is asked, this does not wait for the answer.
      navigator.storage?.persist?.().catch(() => {});
      return new IndexedDbStore(database, release);
    } catch (error) {
      release();
      throw failure(error);
    }
  }

  /**
   * @param {string} table
   * @param {Key} key
   */
  async get(table, key) {
    try {
      return await done(this.#database.transaction(table).objectStore(table).get(key));
    } catch (error) {
      throw failure(error);
    }
  }

  /**
   * @param {string} table
   * @param {Key} lower included
   * @param {Key} upper not included
   * @param {{ limit?: number, reverse?: boolean }} [options]
   * @returns {Promise<{ key: any, value: any }[]>}
   */
  async range(table, lower, upper, { limit, reverse = false } = {}) {
    try {
      if (indexedDB.cmp(lower, upper) >= 0) return [];
      const store = this.#database.transaction(table).objectStore(table);
      const range = IDBKeyRange.bound(lower, upper, false, true);
      if (!reverse) {
        const [keys, values] = await Promise.all([done(store.getAllKeys(range, limit)), done(store.getAll(range, limit))]);
        return keys.map((key, at) => ({ key, value: values[at] }));
      }
      /** @type {{ key: any, value: any }[]} */
      const found = [];
      await new Promise((resolve, reject) => {
        const request = store.openCursor(range, "prev");
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const cursor = request.result;
          if (!cursor || found.length === limit) return resolve(undefined);
          found.push({ key: cursor.key, value: cursor.value });
          cursor.continue();
        };
      });
      return found;
    } catch (error) {
      throw failure(error);
    }
  }

  /** @param {import("./keys.js").StoreChange[]} changes */
  async commit(changes) {
    if (!changes.length) return;
    try {
      const tables = [...new Set(changes.map(({ table }) => table))];
      const transaction = this.#database.transaction(tables, "readwrite", { durability: "strict" });
      const finished = new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted."));
      });
      finished.catch(() => {});
      try {
        for (const change of changes) {
          const store = transaction.objectStore(change.table);
          if ("lower" in change) {
            if (indexedDB.cmp(change.lower, change.upper) < 0) store.delete(IDBKeyRange.bound(change.lower, change.upper, false, true));
          } else if (change.value === undefined) {
            store.delete(change.key);
          } else {
            store.put(change.value, change.key);
          }
        }
      } catch (error) {
        transaction.abort(); // all or nothing
        throw error;
      }
      await finished;
    } catch (error) {
      throw failure(error);
    }
  }

  async estimate() {
    const [persisted, { usage = null, quota = null } = {}] = await Promise.all([
      navigator.storage?.persisted?.() ?? null,
      navigator.storage?.estimate?.(),
    ]);
    return { persisted, usage, quota };
  }

  async close() {
    this.#database.close();
    this.#release();
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {any} error */
function failure(error) {
  if (error instanceof DispatchError) return error;
  if (error?.name === "QuotaExceededError") {
    return new DispatchError(
      "store_full",
      "There is no room left on this device for what the community says. Nothing was lost: free some space, then try again.",
      { cause: error },
    );
  }
  if (error?.name === "InvalidStateError") return new DispatchError("closed", "The store is closed.", { cause: error });
  return new DispatchError(
    "store_damaged",
    `The browser could not read or write its store (${error?.message ?? error}). Reload the page; if that does not help, restore your backup.`,
    { cause: error },
  );
}

/**
 * One page at a time may write: two would sign two entries under one number.
 *
 * @param {string} name
 * @returns {Promise<() => void>}
 */
function lock(name) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (held) => {
        if (!held) throw new DispatchError("store_in_use", "The community is open in another tab or window already. Close that one, or use it.");
        return new Promise((release) => resolve(() => release(undefined)));
      })
      .catch(reject);
  });
}
