/** Frames: those of a server as a client takes them, and those of a client as a server would. */

import { DispatchError } from "./dispatch-error.js";
import { block, bytes, checkpoint, discovery, entry, id, list, object, place, ref, text, uint } from "./form.js";
import { CLIENT_FRAME, readJson, SERVER_FRAME } from "./json.js";

/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./form.js").Form<any>} Form */

/** @typedef {{ type: "challenge", community: string, server_nonce: string, expires_at: number }} Challenge */
/** @typedef {{ type: "welcome", token: string, expires_at: number, size: number, head: string, checkpoint: Checkpoint, signature: string }} Welcome */
/** `examined`: what a worker has found of each of them. @typedef {{ type: "blocks", from: number, blocks: Block[], examined?: (import("./examine.js").Examined | null)[] }} Blocks */
/** @typedef {{ type: "checkpoint", checkpoint: Checkpoint }} CheckpointFrame */
/** @typedef {{ type: "accepted", ref?: string, index: number, hash: string }} Accepted */
/** @typedef {{ type: "refused", ref?: string, code: string, detail: string, retry_after?: number }} Refused */
/** @typedef {{ type: "bye", code: string, detail: string, retry_after?: number }} Bye */
/** @typedef {Challenge | Welcome | Blocks | CheckpointFrame | Accepted | Refused | Bye} ServerFrame */

/** @type {Record<string, Form>} */
const FROM_CLIENT = {
  hello: object({
    type: text(),
    version: text(),
    origin: text(1, 255, /^[\x00-\x7f]*$/),
    public_key: bytes(),
    client_nonce: id,
    "session_ms?": uint(1000),
    "have?": place,
  }),
  prove: object({ type: text(), server_nonce: id, signature: bytes() }),
  resume: object({ type: text(), token: bytes(), client_nonce: id, "have?": place }),
  submit: object({ type: text(), ref, token: bytes(), entry }),
};

/** @type {Record<string, Form>} */
const FROM_SERVER = {
  challenge: object({ type: text(), community: id, server_nonce: id, expires_at: uint() }),
  welcome: object({ type: text(), token: bytes(), expires_at: uint(), size: uint(), head: id, checkpoint, signature: bytes() }),
  blocks: object({ type: text(), from: uint(), blocks: list(block) }),
  checkpoint: object({ type: text(), checkpoint }),
  accepted: object({ type: text(), "ref?": ref, index: uint(), hash: id }),
  refused: object({ type: text(), "ref?": ref, code: text(), detail: text(), "retry_after?": uint() }),
  bye: object({ type: text(), code: text(), detail: text(), "retry_after?": uint() }),
};

/** @param {Record<string, unknown>} frame */
function typeOf(frame) {
  if (typeof frame.type !== "string") throw new DispatchError("malformed", "`type` is not a text.");
  return frame.type;
}

/**
 * @param {Uint8Array | string} data
 * @returns {ServerFrame | null} null for a frame that a client ignores [CONV-10]; throws `malformed`
 */
export function readServerFrame(data) {
  const frame = readJson(data, SERVER_FRAME);
  const type = typeOf(frame);
  return Object.hasOwn(FROM_SERVER, type) ? FROM_SERVER[type](frame, false) : null;
}

/**
 * What a server takes, as far as the frame alone goes; for tests, and for whoever writes a server.
 *
 * @param {Uint8Array | string} data
 * @returns {any}
 */
export function readClientFrame(data) {
  const frame = readJson(data, CLIENT_FRAME);
  const type = typeOf(frame);
  if (!Object.hasOwn(FROM_CLIENT, type)) throw new DispatchError("unknown_frame", "There is no such frame."); // [ERR-6]
  if (type === "hello" && typeof frame.version === "string" && frame.version !== "dispatch-d/1") {
    throw new DispatchError("unknown_version", "This is not dispatch-d/1."); // [JOIN-4]
  }
  return FROM_CLIENT[type](frame, true);
}

/**
 * @param {Uint8Array | string} data the answer to `GET /.well-known/dispatch-d`
 * @returns {import("./form.js").Discovery}
 */
export function readDiscovery(data) {
  return discovery(readJson(data, SERVER_FRAME), false);
}
