/**
 * Frames read in a thread of their own: `dispatch-d-client/worker` runs it there. It is told keys, and knows nothing of the chain: an id names its
 * key by itself, so no key can be a wrong one.
 */

import { DispatchError } from "./dispatch-error.js";
import { examine, keysNamedIn } from "./examine.js";
import { readServerFrame } from "./frame.js";
import { PublicKey } from "./public-key.js";

/** @typedef {import("./frame.js").ServerFrame} ServerFrame */
/** A frame's text, and keys that were not told before. @typedef {{ number: number, text: string, keys: Uint8Array<ArrayBuffer>[] }} Asked */
/** What there is of it: `frame` is null where a client ignores it. @typedef {{ number: number, frame: ServerFrame | null } | { number: number, error: { code: string, message: string } }} Answer */

/** The inner end of a worker. @typedef {{ onmessage: ((event: MessageEvent) => void) | null, postMessage: (message: any) => void }} Port */

/** @param {Port} port */
export function serve(port) {
  const reader = new Reader();
  const fault = (/** @type {unknown} */ error) =>
    setTimeout(() => {
      throw error; // out of any promise, so that it reaches who made the worker
    });
  port.onmessage = ({ data }) => void reader.answer(data).then((answer) => port.postMessage(answer)).catch(fault);
}

export class Reader {
  /** @type {Map<string, PublicKey>} */
  #keys = new Map();

  /**
   * @param {Asked} asked
   * @returns {Promise<Answer>}
   */
  async answer({ number, text, keys }) {
    for (const der of keys) this.#learn(PublicKey.read(der));
    try {
      const frame = readServerFrame(text);
      if (frame?.type !== "blocks") return { number, frame };
      return { number, frame: { ...frame, examined: await this.#examine(frame.blocks) } };
    } catch (error) {
      if (!(error instanceof DispatchError)) throw error; // a fault of ours
      return { number, error: { code: error.code, message: error.message } };
    }
  }

  /** @param {PublicKey} key */
  #learn(key) {
    this.#keys.set(key.account, key);
  }

  /** @param {import("./form.js").Block[]} blocks */
  async #examine(blocks) {
    for (const key of keysNamedIn(blocks).values()) this.#learn(key);
    const examined = blocks.map((block) => examine(block, this.#keys.get(block.entry.author)));
    return Promise.all(examined.map(async (each) => ({ ...each, isSigned: await each.isSigned })));
  }
}
