/**
 * Requests under a session's token: what can be asked for besides the socket, where the server offers `http`. What does not come in its form, or not in
 * time, is `unreachable` or `malformed`.
 */

import { decode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { id, list, object, uint } from "./form.js";
import { readServerFrame } from "./frame.js";
import { readJson, SERVER_FRAME } from "./json.js";

/** Bytes of an answer: it is a frame, or smaller than any. [SYNC-5] */
const LONGEST = 1_048_576;

const proof = object({ from: uint(), to: uint(), path: list(id) });

export class Requests {
  /**
   * @param {string} origin for which the token was made [SESS-17]
   * @param {string} token
   * @param {typeof fetch} fetchIt
   * @param {AbortSignal} signal ends them
   * @param {number} patience milliseconds for each
   */
  constructor(origin, token, fetchIt, signal, patience) {
    this.origin = origin;
    this.token = token;
    this.fetchIt = fetchIt;
    this.signal = signal;
    this.patience = patience;
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {Promise<Uint8Array[]>} the path of a proof, not verified
   */
  async consistency(from, to) {
    const answer = proof(readJson(await this.#ask(`proofs/consistency?from=${from}&to=${to}`), SERVER_FRAME), false);
    return answer.path.map((/** @type {string} */ hash) => decode(hash, 32));
  }

  /**
   * @param {number} from
   * @param {number} limit
   * @returns {Promise<import("./form.js").Block[]>} blocks from there on, as many as one answer holds, not verified
   */
  async blocks(from, limit) {
    const frame = readServerFrame(await this.#ask(`blocks?from=${from}&limit=${limit}`));
    if (frame?.type !== "blocks") throw new DispatchError("malformed", "The server answered with something else than blocks.");
    if (frame.from !== from || frame.blocks.length > limit || frame.blocks.some(({ index }, at) => index !== from + at))
      throw new DispatchError("bad_index", "The server answered with other blocks than those that were asked for."); // [CHAIN-8]
    return frame.blocks;
  }

  /** @param {string} path */
  async #ask(path) {
    try {
      const signal = AbortSignal.any([this.signal, AbortSignal.timeout(this.patience)]);
      const headers = { Authorization: `Dispatch ${this.token}` };
      // [SESS-18] No redirect is followed.
      const response = await this.fetchIt(`${this.origin}/v1/${path}`, { headers, redirect: "error", cache: "no-store", credentials: "omit", signal });
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      return await textOf(response, LONGEST);
    } catch (cause) {
      throw new DispatchError("unreachable", "The server does not answer a request.", { cause });
    }
  }
}

/**
 * Reads no more than there may be.
 *
 * @param {Response} response
 * @param {number} most bytes
 */
export async function textOf(response, most) {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = response.body?.getReader();
  let text = "";
  let size = 0;
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || !value) return text + decoder.decode();
    size += value.length;
    if (size > most) {
      await reader?.cancel();
      throw new Error("an answer that is far too long");
    }
    text += decoder.decode(value, { stream: true });
  }
}
