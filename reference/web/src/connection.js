/**
 * One connection, from dialling to its end: joins or resumes, takes what the server says in its order, hands answers on. It ends by an error that says why.
 */

import { random } from "./bytes.js";
import { checkGaps, checkHead, checkSize, contradicts } from "./chain-view.js";
import { DispatchError, Said } from "./dispatch-error.js";
import { pause } from "./pause.js";
import { Pulse } from "./pulse.js";
import { AwaitChallenge, AwaitWelcome } from "./session.js";
import { Socket } from "./socket.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./frame.js").ServerFrame} ServerFrame */
/** @typedef {import("./frame.js").Welcome} Welcome */
/** @typedef {import("./session.js").Granted} Granted */
/** @typedef {import("./readers.js").Readers} Readers */

/** A frame that there is not: its refusal is a sign of life, and changes nothing. [ERR-3] [ERR-6] */
const PING = { type: "ping" };

/** For fewer blocks no worker is started: they are read by the time it would begin. */
const WORTH_WORKERS = 512;

/**
 * @typedef {object} Dialled
 * @property {string} origin
 * @property {import("./session.js").Signer} signer
 * @property {import("./socket.js").WebSocketConstructor} WebSocket
 * @property {Granted | null} granted a session to be resumed
 * @property {import("./public-key.js").PublicKey} serverKey of genesis
 * @property {import("./pulse.js").Patience} patience
 * @property {(keys: import("./readers.js").Keys) => Readers | null} [readers] opens workers for a sync
 * @property {boolean} [http] whether the server takes requests
 */

/**
 * @typedef {object} Host
 * @property {import("./ledger.js").Ledger} ledger
 * @property {(expiresAt: number, serverTime: number) => void} challenged
 * @property {(granted: Granted) => void} joined
 * @property {(welcome: Welcome) => void} syncing before the blocks of a welcome
 * @property {(checkpoint: Checkpoint) => void} promised a welcome's checkpoint, verified, whose blocks are still to come
 * @property {(taken: import("./ledger.js").Taken[]) => Promise<void>} taken
 * @property {() => void} synced once the chain reaches the welcome's size
 * @property {(checkpoint: Checkpoint) => void} covered
 * @property {(conversations: Set<string>) => void} repaired
 */

export class Connection {
  #controller = new AbortController();
  /** @type {DispatchError | null} */
  #error = null;
  /** @type {Map<string, (answer: any) => void>} */
  #answers = new Map();
  #refs = 0;
  /** @type {{ size: number, resolve: () => void }[]} */
  #waiting = [];
  /** Checkpoints of which the blocks are still to come. @type {Checkpoint[]} */
  #due = [];
  #isSynced = false;
  /** Index of the block that is to come. */
  #next = 0;
  /** Runs while blocks of a sync are waited for. @type {ReturnType<typeof setTimeout> | undefined} */
  #stalled;
  /** @type {Readers | null} */
  #readers = null;

  /**
   * @param {Socket} socket
   * @param {Dialled} dialled
   * @param {Host} host
   */
  constructor(socket, dialled, host) {
    this.socket = socket;
    this.dialled = dialled;
    this.host = host;
    this.ended = this.#controller.signal;
    this.pulse = new Pulse(
      dialled.patience,
      () => socket.send(PING),
      () => this.#giveUp(),
    );
    this.ended.addEventListener("abort", () => this.#close(), { once: true });
  }

  #close() {
    this.#dismissReaders();
    this.pulse.stop();
    clearTimeout(this.#stalled);
    this.socket.close();
  }

  #dismissReaders() {
    this.socket.readers = null;
    this.#readers?.close();
    this.#readers = null;
  }

  #giveUp() {
    this.fail(new DispatchError("unreachable", "The server does not answer."));
  }

  /**
   * @param {Dialled} dialled
   * @param {Host} host
   * @param {AbortSignal} signal
   */
  static async open(dialled, host, signal) {
    const socket = await Socket.open(dialled.WebSocket, dialled.origin, AbortSignal.any([signal, AbortSignal.timeout(dialled.patience.step)]));
    const connection = new Connection(socket, dialled, host);
    const end = () => connection.fail(new DispatchError("closed", "Disconnected."));
    signal.addEventListener("abort", end);
    connection.ended.addEventListener("abort", () => signal.removeEventListener("abort", end));
    return connection;
  }

  /** @param {unknown} error */
  fail(error) {
    this.#error ??=
      error instanceof DispatchError ? error : new DispatchError("failed", error instanceof Error ? error.message : String(error), { cause: error });
    this.#controller.abort();
  }

  /** @returns {Promise<ServerFrame>} the next frame, within our patience */
  next() {
    return this.#patiently(() => this.socket.next());
  }

  /**
   * The next frame of one type, within our patience: other frames are no sign that it comes.
   *
   * @template {ServerFrame["type"]} T
   * @param {T} type
   * @returns {Promise<Extract<ServerFrame, { type: T }>>}
   */
  nextOf(type) {
    return this.#patiently(async () => {
      for (;;) {
        const frame = await this.socket.next();
        if (frame.type === "bye") throw new Said(frame);
        if (frame.type === type) return /** @type {Extract<ServerFrame, { type: T }>} */ (frame);
      }
    });
  }

  /**
   * @template T
   * @param {() => Promise<T>} wait
   * @returns {Promise<T>}
   */
  async #patiently(wait) {
    const timer = setTimeout(() => this.#giveUp(), this.dialled.patience.step);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Runs to the end.
   *
   * @returns {Promise<DispatchError>} why it ended
   */
  async run() {
    try {
      const { chain, damagedFrom } = this.host.ledger;
      const size = damagedFrom ?? chain.size;
      const have = { size, hash: size ? chain.tree.head(size) : "" };
      this.#next = size;
      const welcome = await this.join(have);
      await this.#read(welcome, have.size);
    } catch (error) {
      this.fail(error);
    }
    return /** @type {DispatchError} */ (this.#error);
  }

  /**
   * @param {import("./form.js").Place} have
   * @returns {Promise<Welcome>} verified
   */
  async join(have) {
    const { dialled, socket } = this;
    if (dialled.granted) {
      const awaiting = AwaitWelcome.resume(dialled.granted, have, random(32));
      socket.send(awaiting.frame);
      const answer = await this.next();
      if (answer.type === "welcome") return this.#welcomed(answer, awaiting);
      if (answer.type !== "refused" || answer.code !== "bad_token") throw unexpected(answer);
      // The server has forgotten the session [SESS-10]; the connection still awaits a hello.
    }
    // [JOIN-23] The community is the invitation's.
    const hello = new AwaitChallenge(dialled.origin, this.host.ledger.community, dialled.signer, have, random(32));
    socket.send(hello.frame);
    const challenge = await this.next();
    if (challenge.type !== "challenge") throw unexpected(challenge);
    this.host.challenged(challenge.expires_at, Date.now());
    const awaiting = await hello.challenge(challenge);
    socket.send(awaiting.frame);
    const answer = await this.next();
    if (answer.type !== "welcome") throw unexpected(answer);
    return this.#welcomed(answer, awaiting);
  }

  /**
   * @param {Welcome} welcome
   * @param {AwaitWelcome} awaiting
   */
  async #welcomed(welcome, awaiting) {
    this.host.joined(await awaiting.welcome(welcome, this.dialled.serverKey));
    return welcome;
  }

  /**
   * @param {Welcome} welcome
   * @param {number} had the size that was said in `have`
   */
  async #read(welcome, had) {
    const { ledger } = this.host;
    checkSize(welcome.size, Math.max(had, ledger.chain.size, ledger.witness.known), ledger.checkpoint); // [CHECK-7]
    this.socket.onheard = () => this.pulse.heard();
    this.pulse.heard();
    this.host.syncing(welcome);
    if (welcome.size - this.#next >= WORTH_WORKERS && !this.ended.aborted) {
      this.#readers = this.dialled.readers?.((from) => ledger.chain.roster.slice(from).map(({ key }) => key)) ?? null;
      this.socket.readers = this.#readers;
    }
    if (ledger.witness.promised) this.#due.push(ledger.witness.promised); // [CHECK-20]
    if (ledger.chain.size) await this.#checkpoint(welcome.checkpoint);
    else this.#due.push(welcome.checkpoint);
    if (ledger.chain.size && this.#due.includes(welcome.checkpoint)) this.host.promised(welcome.checkpoint);
    await this.#progress(welcome, had);
    for (;;) await this.#take(await this.#following(), welcome, had);
  }

  /** Until a sync is done, blocks alone bring it on: a server that says other things, and answers when it is asked, may stop in the midst all the same. */
  #following() {
    if (!this.#isSynced) this.#stalled ??= setTimeout(() => this.#giveUp(), this.dialled.patience.step);
    return this.socket.next();
  }

  /**
   * @param {ServerFrame} frame
   * @param {Welcome} welcome
   * @param {number} had
   */
  async #take(frame, welcome, had) {
    switch (frame.type) {
      case "blocks":
        clearTimeout(this.#stalled);
        this.#stalled = undefined;
        if (frame.from !== this.#next) throw new DispatchError("bad_index", "The server's blocks do not follow on those that are held."); // [CHAIN-8]
        await this.#blocks(frame);
        return this.#progress(welcome, had);
      case "checkpoint":
        return this.#checkpoint(frame.checkpoint);
      case "accepted":
        return this.#answer(frame.ref, frame);
      case "refused":
        if (frame.code === "unknown_frame" && frame.ref === undefined) return; // a sign of life
        return this.#answer(frame.ref, frame);
      case "bye":
        throw new Said(frame);
      default:
        throw unexpected(frame);
    }
  }

  /** @param {import("./frame.js").Blocks} frame */
  async #blocks({ blocks, examined }) {
    const fresh = await this.#again(blocks);
    const told = async (/** @type {import("./ledger.js").Taken[]} */ taken) => {
      await this.host.taken(taken);
      if (this.ended.aborted) throw this.#error; // [CHAIN-12]
    };
    await this.host.ledger.take(fresh, told, examined?.slice(blocks.length - fresh.length));
  }

  /**
   * Those that are held already were damaged in the store, or come after what was.
   *
   * @param {import("./form.js").Block[]} blocks
   * @returns {Promise<import("./form.js").Block[]>} those that are new
   */
  async #again(blocks) {
    const { ledger } = this.host;
    const { size } = ledger.chain;
    const held = blocks.slice(0, Math.max(0, size - this.#next));
    if (held.some(({ index }, at) => index !== this.#next + at))
      throw new DispatchError("bad_index", "The server's blocks do not follow on those that are held."); // [CHAIN-8]
    if (held.length) {
      const repaired = await ledger.repair(held);
      if (this.#next + held.length === size) ledger.damagedFrom = null;
      this.host.repaired(repaired);
    }
    this.#next += blocks.length;
    return blocks.slice(held.length);
  }

  /**
   * The chain has grown, or was there already.
   *
   * @param {Welcome} welcome
   * @param {number} had
   */
  async #progress(welcome, had) {
    const { chain, damagedFrom } = this.host.ledger;
    const due = this.#due.splice(0);
    if (chain.size) for (const checkpoint of due) await this.#checkpoint(checkpoint);
    else this.#due = due;
    if (!this.#isSynced && chain.size >= welcome.size && damagedFrom === null) {
      checkHead(chain, welcome); // [CHECK-10]
      checkGaps(chain, had); // [RED-8]
      if (!this.host.ledger.witness.agrees(chain)) throw contradicts(); // [CHECK-8]
      this.#isSynced = true;
      this.#dismissReaders();
      this.host.synced();
    }
    for (const { size, resolve } of this.#waiting) if (chain.size >= size) resolve();
    this.#waiting = this.#waiting.filter(({ size }) => chain.size < size);
  }

  /** @param {Checkpoint} checkpoint */
  async #checkpoint(checkpoint) {
    try {
      if (await this.host.ledger.witness.take(checkpoint, this.host.ledger.chain)) this.host.covered(checkpoint);
      else if (checkpoint.size > this.host.ledger.chain.size) this.#due.push(checkpoint);
    } catch (error) {
      if (error instanceof DispatchError && error.code === "fork") throw Object.assign(error, { checkpoint });
      throw error;
    }
  }

  /**
   * @param {string | undefined} ref
   * @param {import("./frame.js").Accepted | import("./frame.js").Refused} answer
   */
  #answer(ref, answer) {
    // Where a `ref` could not be read, the answer is to the one entry that is under way. [SUB-3]
    const key = ref ?? this.#answers.keys().next().value;
    const resolve = key === undefined ? undefined : this.#answers.get(key);
    if (key !== undefined) this.#answers.delete(key);
    resolve?.(answer);
  }

  /**
   * @param {import("./form.js").Entry} entry
   * @returns {Promise<import("./frame.js").Accepted | import("./frame.js").Refused>} rejects when the connection ends
   */
  submit(entry) {
    const ref = String(++this.#refs);
    return this.#untilEnd((resolve) => {
      this.#answers.set(ref, resolve);
      this.socket.send({ type: "submit", ref, token: this.token, entry });
    });
  }

  /** Set once joined. */
  token = "";

  /**
   * @param {number} size
   * @returns {Promise<void>} once the chain has so many blocks
   */
  reached(size) {
    if (this.host.ledger.chain.size >= size) return Promise.resolve();
    return this.#untilEnd((resolve) => this.#waiting.push({ size, resolve: () => resolve(undefined) }));
  }

  /**
   * @param {number} ms
   * @returns {Promise<void>} once the chain grows, so much time is over, or the connection has ended
   */
  async grown(ms) {
    const over = new AbortController();
    this.#waiting.push({ size: this.host.ledger.chain.size + 1, resolve: () => over.abort() });
    const end = () => over.abort();
    this.ended.addEventListener("abort", end);
    await pause(ms, over.signal);
    this.ended.removeEventListener("abort", end);
  }

  /**
   * @template T
   * @param {(resolve: (value: any) => void) => void} begin
   * @returns {Promise<T>}
   */
  #untilEnd(begin) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#giveUp(), this.dialled.patience.step);
      const ended = () => {
        clearTimeout(timer);
        reject(this.#error);
      };
      if (this.ended.aborted) return ended();
      this.ended.addEventListener("abort", ended, { once: true });
      begin((value) => {
        clearTimeout(timer);
        this.ended.removeEventListener("abort", ended);
        resolve(value);
      });
    });
  }
}

/**
 * @param {ServerFrame} frame
 * @returns {DispatchError}
 */
function unexpected(frame) {
  if (frame.type === "refused" || frame.type === "bye") return new Said(frame);
  return new DispatchError("malformed", `The server sent \`${frame.type}\` where that does not belong.`);
}
