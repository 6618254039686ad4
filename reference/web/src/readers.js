/** Workers that read a sync's frames ahead, so that the page's thread is left with the chain's rules and the store. */

import { DispatchError } from "./dispatch-error.js";

/** @typedef {import("./frame.js").ServerFrame} ServerFrame */
/** @typedef {import("./reader.js").Answer} Answer */
/** What there is of a browser's worker that is needed. @typedef {{ postMessage: (message: any) => void, terminate: () => void, onmessage: any, onmessageerror: any, onerror: any }} WorkerLike */
/** The keys that are known of authors, from the one with this place on: their list only grows. @typedef {(from: number) => { der: Uint8Array }[]} Keys */
/** @typedef {{ worker: WorkerLike, told: number, asked: number }} Thread */

const MOST = 4;

/** One thread is the page's. Where there are but two cores a second worker still takes what the first one's signatures leave. */
function count() {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 2;
  return Math.max(2, Math.min(MOST, cores - 1));
}

/**
 * @param {{ worker: (() => WorkerLike) | null }} host that no longer makes any once they were of no use
 * @param {Keys} keys
 * @param {number} patience milliseconds
 * @returns {Readers | null}
 */
export function openReaders(host, keys, patience) {
  if (!host.worker) return null;
  return new Readers(host.worker, keys, patience, () => {
    host.worker = null;
  });
}

export class Readers {
  /** @type {Thread[]} */
  #threads = [];
  /** @type {Map<number, (answer: Answer | null) => void>} */
  #waiting = new Map();
  #numbers = 0;

  /**
   * @param {() => WorkerLike} make
   * @param {Keys} keys of authors
   * @param {number} patience a worker that has not answered for so many milliseconds has died, or never began
   * @param {() => void} failed called if they are of no use
   */
  constructor(make, keys, patience, failed) {
    this.keys = keys;
    this.patience = patience;
    this.failed = failed;
    try {
      for (let at = count(); at > 0; at--) this.#start(make());
    } catch {
      this.#fail();
    }
  }

  /** @param {WorkerLike} worker */
  #start(worker) {
    const thread = { worker, told: 0, asked: 0 };
    this.#threads.push(thread);
    worker.onmessage = (/** @type {{ data: Answer }} */ { data }) => {
      thread.asked--;
      this.#waiting.get(data.number)?.(data);
    };
    worker.onmessageerror = () => this.#fail();
    worker.onerror = (/** @type {Event | undefined} */ event) => {
      event?.preventDefault?.(); // it is no fault of the page's: this thread does the work
      this.#fail();
    };
  }

  /** Before any key is known there is little that could be done by them. */
  get isReady() {
    return this.#threads.length > 0 && this.keys(0).length > 0;
  }

  /**
   * @param {string} text of a frame
   * @returns {Promise<{ frame: ServerFrame | null } | null>} null where the caller has to read it; rejects as reading it would. Frames come back in any order
   */
  async read(text) {
    const [thread] = this.#threads.toSorted((one, other) => one.asked - other.asked);
    if (!thread) return null;
    const keys = this.keys(thread.told);
    const number = ++this.#numbers;
    const timer = setTimeout(() => this.#fail(), this.patience);
    /** @type {Promise<Answer | null>} */
    const answered = new Promise((resolve) => this.#waiting.set(number, resolve));
    thread.told += keys.length;
    thread.asked++;
    thread.worker.postMessage({ number, text, keys: keys.map(({ der }) => der) });
    const answer = await answered;
    clearTimeout(timer);
    this.#waiting.delete(number);
    if (answer && "error" in answer) throw new DispatchError(answer.error.code, answer.error.message);
    return answer;
  }

  #fail() {
    this.close();
    this.failed();
  }

  /** What they have not answered is the caller's to read. */
  close() {
    for (const { worker } of this.#threads.splice(0)) {
      worker.onerror = null;
      worker.terminate();
    }
    for (const resolve of this.#waiting.values()) resolve(null);
  }
}
