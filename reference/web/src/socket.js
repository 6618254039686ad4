/** A WebSocket as a queue of frames. */

import { utf8 } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { readServerFrame } from "./frame.js";

/** @typedef {import("./frame.js").ServerFrame} ServerFrame */
/** Bytes of a frame. [SYNC-5] */
const LONGEST = 1_048_576;
/** Bytes that may wait to be read. */
const MOST_QUEUED = 32 * LONGEST;

/** A constructor with the browser's interface. @typedef {new (url: string) => WebSocket} WebSocketConstructor */

/**
 * @param {WebSocketConstructor} [given]
 * @returns {Promise<WebSocketConstructor>}
 */
export async function webSocket(given) {
  if (given) return given;
  if (typeof WebSocket === "function") return WebSocket;
  const name = "ws"; // Node 20 has no WebSocket of its own; a variable, so that bundles for browsers do not look for it
  /** @type {{ WebSocket: new (url: string, options: object) => WebSocket }} */
  const { WebSocket: Ws } = await import(name);
  // [WS-7] By itself it would offer to inflate, and take frames of 100 MiB.
  return class extends Ws {
    /** @param {string} url */
    constructor(url) {
      super(url, { maxPayload: LONGEST, perMessageDeflate: false });
    }
  };
}

/**
 * [JOIN-1] `ws` stands for `http`, `wss` for `https`.
 *
 * @param {string} origin
 */
export function socketUrl(origin) {
  return `${origin.replace(/^http/, "ws")}/v1/socket`;
}

const unreachable = (/** @type {string} */ why) => new DispatchError("unreachable", why);

export class Socket {
  /** @type {{ data: string | ArrayBuffer, length: number }[]} */
  #came = [];
  /** @type {(() => void) | null} */
  #wake = null;
  /** @type {DispatchError | null} */
  #ended = null;
  #socket;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#queue(event.data);
    socket.onclose = (event) => this.#end(unreachable(`The connection to the server was lost (${event.code}).`));
    socket.onerror = () => this.#end(unreachable("The connection to the server was lost."));
  }

  /**
   * @param {WebSocketConstructor} Constructor
   * @param {string} origin
   * @param {AbortSignal} signal
   * @returns {Promise<Socket>} rejects with `unreachable`
   */
  static open(Constructor, origin, signal) {
    return new Promise((resolve, reject) => {
      const raw = new Constructor(socketUrl(origin));
      const socket = new Socket(raw);
      const settled = () => {
        signal.removeEventListener("abort", refuse);
        raw.removeEventListener("close", refuse);
      };
      const refuse = () => {
        settled();
        socket.close();
        reject(unreachable("The server cannot be reached."));
      };
      signal.addEventListener("abort", refuse, { once: true });
      raw.addEventListener("open", () => {
        settled();
        resolve(socket);
      });
      raw.addEventListener("close", refuse);
      if (signal.aborted) refuse();
    });
  }

  /** @param {DispatchError} why */
  #end(why) {
    this.#ended ??= why;
    this.#wake?.();
  }

  /**
   * A page cannot make a server wait. Where more comes than can be verified meanwhile, the connection ends, what is queued is taken, and the rest is
   * asked for on the next one: a history of any length passes through bounded memory.
   *
   * @param {string | ArrayBuffer} data
   */
  #queue(data) {
    if (this.#ended) return;
    this.onheard();
    const length = typeof data === "string" ? utf8(data).length : data.byteLength;
    this.#came.push({ data, length });
    this.#queued += length;
    if (this.#queued > MOST_QUEUED) {
      this.#end(new DispatchError("behind", "More came than could be verified meanwhile."));
      this.#socket.close();
    }
    this.#wake?.();
  }

  #queued = 0;
  /** Called for whatever comes, before it waits to be read. */
  onheard = () => {};

  /** @param {object} frame */
  send(frame) {
    if (!this.#ended) this.#socket.send(JSON.stringify(frame));
  }

  /**
   * @returns {Promise<ServerFrame>} the next frame that a client knows [CONV-10]; rejects once the connection has ended
   */
  async next() {
    for (;;) {
      const first = this.#came.shift();
      if (first) {
        const { data, length } = first;
        this.#queued -= length;
        if (length > LONGEST) throw new DispatchError("malformed", "The server sent a frame that is longer than any may be."); // [SYNC-5]
        if (typeof data !== "string") throw new DispatchError("malformed", "The server sent a binary message."); // [WS-1]
        const frame = readServerFrame(data);
        if (frame) return frame;
        continue;
      }
      if (this.#ended) throw this.#ended;
      await new Promise((resolve) => {
        this.#wake = () => resolve(undefined);
      });
      this.#wake = null;
    }
  }

  close() {
    this.#end(unreachable("The connection was closed."));
    this.#came.length = 0;
    this.#socket.close();
  }
}
