/** A WebSocket as a queue of frames. */

import { utf8 } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { readServerFrame } from "./frame.js";

/** @typedef {import("./frame.js").ServerFrame} ServerFrame */
/** Bytes of a frame. [SYNC-5] */
const LONGEST = 1_048_576;
/** Bytes that may wait to be read. */
const MOST_QUEUED = 32 * LONGEST;
/** Bytes of them that workers may read ahead: more would only be held twice. */
const MOST_AHEAD = 2 * LONGEST;
/** So many blocks become one frame. */
const MOST_AT_ONCE = 64;

/**
 * A message that has come; `read`: once a worker, or this thread, reads it. A worker may give it back unread.
 *
 * @typedef {{ data: string | ArrayBuffer, length: number, read?: Promise<{ frame: ServerFrame | null } | null> }} Came
 */

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

/**
 * @param {string | ArrayBuffer} data
 * @returns {number} bytes, exactly where it could be more than a frame may have; for others a text's letters do
 */
function lengthOf(data) {
  if (typeof data !== "string") return data.byteLength;
  return data.length * 3 <= LONGEST ? data.length : utf8(data).length;
}

/**
 * @param {Came} came
 * @returns {Promise<{ frame: ServerFrame | null }>}
 */
async function readHere({ data, length }) {
  if (length > LONGEST) throw new DispatchError("malformed", "The server sent a frame that is longer than any may be."); // [SYNC-5]
  if (typeof data !== "string") throw new DispatchError("malformed", "The server sent a binary message."); // [WS-1]
  return { frame: readServerFrame(data) };
}

/**
 * @param {import("./frame.js").Blocks} frame
 * @param {import("./frame.js").Blocks} more that follow on its blocks
 */
function join(frame, more) {
  const unknown = (/** @type {import("./frame.js").Blocks} */ { blocks }) => blocks.map(() => null);
  if (frame.examined || more.examined) frame.examined = [...(frame.examined ?? unknown(frame)), ...(more.examined ?? unknown(more))];
  frame.blocks.push(...more.blocks);
}

const unreachable = (/** @type {string} */ why) => new DispatchError("unreachable", why);

export class Socket {
  /** @type {Came[]} */
  #came = [];
  /** So many at the beginning of `#came` are with workers, and so many bytes. */
  #ahead = { count: 0, bytes: 0 };
  /** @type {import("./readers.js").Readers | null} */
  #readers = null;
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
    const length = lengthOf(data);
    this.#came.push({ data, length });
    this.#queued += length;
    if (this.#queued > MOST_QUEUED) {
      this.#end(new DispatchError("behind", "More came than could be verified meanwhile."));
      this.#socket.close();
    }
    this.#readAhead();
    this.#wake?.();
  }

  /**
   * From now on frames are read by workers, in whatever order, and given out in theirs.
   *
   * @param {import("./readers.js").Readers | null} readers null: they are read here, when it is their turn
   */
  set readers(readers) {
    this.#readers = readers;
    this.#readAhead();
  }

  #readAhead() {
    const ahead = this.#ahead;
    while (this.#readers?.isReady && ahead.count < this.#came.length) {
      const next = this.#came[ahead.count];
      if (ahead.count && ahead.bytes + next.length > MOST_AHEAD) return;
      if (!next.read && typeof next.data === "string" && next.length <= LONGEST) {
        next.read = this.#readers.read(next.data);
        next.read.catch(() => {}); // it is told when it is its turn
      }
      ahead.count++;
      ahead.bytes += next.length;
    }
  }

  /** The first that has come is read. */
  #shift() {
    const { length } = /** @type {Came} */ (this.#came.shift());
    this.#queued -= length;
    const ahead = this.#ahead;
    if (ahead.count) this.#ahead = { count: ahead.count - 1, bytes: ahead.bytes - length };
    this.#readAhead();
  }

  #queued = 0;
  /** Called for whatever comes, before it waits to be read. */
  onheard = () => {};

  /** @param {object} frame */
  send(frame) {
    if (!this.#ended) this.#socket.send(JSON.stringify(frame));
  }

  /**
   * @returns {Promise<ServerFrame>} the next frame that a client knows [CONV-10]; rejects once the connection has ended. Blocks that have come and
   * follow on each other are one frame, so that they are kept in one commit: the more there are, the less each costs, and none waits for others
   */
  async next() {
    const frame = await this.#one();
    if (frame.type !== "blocks") return frame;
    for (let bytes = 0; bytes < LONGEST; ) {
      const following = this.#came[0];
      // What is no frame, or not one of these blocks, is for the next call to find.
      const more = following && (await this.#read(following).catch(() => null))?.frame;
      if (more?.type !== "blocks" || more.from !== frame.from + frame.blocks.length || following !== this.#came[0]) break;
      if (frame.blocks.length + more.blocks.length > MOST_AT_ONCE) break;
      this.#shift();
      bytes += following.length;
      join(frame, more);
    }
    return frame;
  }

  /** @returns {Promise<ServerFrame>} */
  async #one() {
    for (;;) {
      const first = this.#came[0];
      if (first) {
        this.#readAhead();
        const read = this.#read(first);
        await read.catch(() => {});
        if (first === this.#came[0]) this.#shift();
        const { frame } = await read;
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

  /**
   * @param {Came} came
   * @returns {Promise<{ frame: ServerFrame | null }>} what it is, read once
   */
  async #read(came) {
    if (!(await came.read)) came.read = readHere(came);
    return /** @type {{ frame: ServerFrame | null }} */ (await came.read);
  }

  /** Whether nothing more comes; what has come may still be read. */
  get hasEnded() {
    return this.#ended !== null;
  }

  close() {
    this.#end(unreachable("The connection was closed."));
    this.#came.length = 0;
    this.#ahead = { count: 0, bytes: 0 };
    this.#socket.close();
  }
}
