/** A browser's worker over a thread of Node's, that counts what it is given. */

import { Worker } from "node:worker_threads";

export class NodeWorker {
  asked = 0;
  keys = 0;
  isTerminated = false;
  onmessage = null;
  onmessageerror = null;
  onerror = null;
  #thread;

  /** @param {URL} [script] */
  constructor(script = new URL("reader-thread.js", import.meta.url)) {
    this.#thread = new Worker(script, { stderr: true });
    this.#thread.on("message", (data) => this.onmessage?.({ data }));
    this.#thread.on("error", (error) => this.onerror?.(error));
  }

  postMessage(message) {
    this.asked++;
    this.keys += message.keys.length;
    this.#thread.postMessage(message);
  }

  terminate() {
    this.isTerminated = true;
    return this.#thread.terminate();
  }
}
