/**
 * The forms of frames, blocks and entries: which members there are and what each may be. A form reads a value and gives a copy that holds
 * what the specification defines and nothing else, so that nothing unknown travels further. [CONV-9]
 */

import { checkBytes, GREATEST, utf8 } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";

/** @typedef {{ size: number, hash: string }} Place */
/** @typedef {{ name: string, authority: string, server_key: string, created_at: number }} GenesisBody */
/** @typedef {{ add: string[], remove: string[] }} RosterBody */
/** @typedef {{ x25519: string }} CardBody */
/** @typedef {{ member: string, wrap: string }} Wrap */
/** @typedef {{ commitment: string, wraps: Wrap[] }} EpochBody */
/** @typedef {{ epoch: string, wraps: Wrap[] }} ShareBody */
/** @typedef {{ epoch: string, salt: string, ciphertext_hash: string, ciphertext?: string }} MessageBody */
/** @typedef {{ index: number, reason: string }} RedactionBody */
/** @typedef {"genesis" | "roster" | "card" | "epoch" | "share" | "message" | "redaction"} Kind */
/**
 * An entry without its signature. `body` is one of the bodies, by `kind`.
 *
 * @typedef {{ community: string, kind: Kind, author: string, seq: number, seen: Place, sent_at: number, body: any }} Statement
 */
/** @typedef {Statement & { signature: string }} Entry */
/** @typedef {{ index: number, prev: string, time: number, entry: Entry }} Block */
/** @typedef {{ community: string, size: number, head: string, root: string, time: number, signature: string }} Checkpoint */
/** @typedef {{ frame_bytes: number, ciphertext_bytes: number, wraps: number, skew_ms: number, session_ms: number, challenge_ms: number, checkpoint_ms: number }} Limits */
/** @typedef {{ versions: string[], community: string, genesis: Block, limits: Limits, transports: string[] }} Discovery */

/**
 * Reads a value. `strict`: [CONV-3] as a server reads, which refuses members that it does not know.
 *
 * @template T
 * @typedef {(value: unknown, strict: boolean) => T} Form
 */

/** @param {string} why */
function malformed(why) {
  return new DispatchError("malformed", why);
}

/**
 * @param {number} [least]
 * @returns {Form<number>}
 */
export function uint(least = 0) {
  return (value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value > GREATEST || value < least)
      throw malformed("A number is not an integer within its bounds."); // [CONV-12] [CONV-16]
    return value;
  };
}

/**
 * @param {number} [length]
 * @returns {Form<string>} base64url
 */
export function bytes(length) {
  return (value) => {
    checkBytes(value, length);
    return value;
  };
}

/**
 * @param {number} [least] in bytes of UTF-8
 * @param {number} [most]
 * @param {RegExp} [letters]
 * @returns {Form<string>}
 */
export function text(least = 0, most = Number.POSITIVE_INFINITY, letters) {
  return (value) => {
    if (typeof value !== "string") throw malformed("A member is not a text.");
    if (most !== Number.POSITIVE_INFINITY || least) {
      const length = utf8(value).length;
      if (length < least || length > most) throw malformed(`A text has ${length} bytes, out of ${least} to ${most}.`); // [CONV-16]
    }
    if (letters && !letters.test(value)) throw malformed("A text has other characters than it may.");
    return value;
  };
}

/**
 * @template T
 * @param {Form<T>} item
 * @returns {Form<T[]>}
 */
export function list(item) {
  return (value, strict) => {
    if (!Array.isArray(value)) throw malformed("A member is not a list.");
    return value.map((each) => item(each, strict));
  };
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function asObject(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("A member is not an object.");
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {Record<string, Form<any>>} members a name that ends in ? may be left out
 * @returns {Form<any>}
 */
export function object(members) {
  const known = Object.entries(members).map(([name, form]) => ({ name: name.replace("?", ""), optional: name.endsWith("?"), form }));
  const names = new Set(known.map(({ name }) => name));
  return (value, strict) => {
    const given = asObject(value);
    /** @type {Record<string, unknown>} */
    const copy = {};
    for (const { name, optional, form } of known) {
      if (Object.hasOwn(given, name)) copy[name] = form(given[name], strict);
      else if (!optional) throw malformed(`\`${name}\` is missing.`); // [CONV-4]
    }
    if (strict && Object.keys(given).some((name) => !names.has(name))) throw malformed("There is an unknown member."); // [CONV-3]
    return copy;
  };
}

export const id = bytes(32);
/** @type {Form<Place>} */
export const place = object({ size: uint(), hash: id });
const wraps = list(object({ member: id, wrap: bytes(80) }));

/** @type {Record<Kind, Form<any>>} */
const BODIES = {
  genesis: object({ name: text(1, 128), authority: bytes(), server_key: bytes(), created_at: uint() }),
  roster: object({ add: list(bytes()), remove: list(id) }),
  card: object({ x25519: id }),
  epoch: object({ commitment: id, wraps }),
  share: object({ epoch: id, wraps }),
  message: object({ epoch: id, salt: bytes(16), ciphertext_hash: id, "ciphertext?": bytes() }),
  redaction: object({ index: uint(), reason: text(0, 512) }),
};

/** @type {Form<Entry>} */
export const entry = (value, strict) => {
  const kind = asObject(value).kind;
  if (typeof kind !== "string") throw malformed("`kind` is not a text.");
  if (!Object.hasOwn(BODIES, kind)) throw new DispatchError("unknown_kind", `There is no kind of entry named ${JSON.stringify(kind)}.`); // [ENTRY-1]
  const form = ENTRIES[/** @type {Kind} */ (kind)];
  const read = form(value, strict);
  if (strict && kind === "message" && read.body.ciphertext === undefined) throw malformed("A submitted message has no ciphertext."); // [MSG-6]
  return read;
};

/** @type {Record<Kind, Form<Entry>>} */
const ENTRIES = /** @type {any} */ (
  Object.fromEntries(
    Object.entries(BODIES).map(([kind, body]) => [
      kind,
      object({ community: id, kind: text(), author: id, seq: uint(), seen: place, sent_at: uint(), body, signature: bytes() }),
    ]),
  )
);

/** @type {Form<Block>} */
export const block = object({ index: uint(), prev: id, time: uint(), entry });
/** @type {Form<Checkpoint>} */
export const checkpoint = object({ community: id, size: uint(), head: id, root: id, time: uint(), signature: bytes() });
/** @type {Form<Limits>} */
export const limits = object({
  frame_bytes: uint(),
  ciphertext_bytes: uint(),
  wraps: uint(),
  skew_ms: uint(),
  session_ms: uint(),
  challenge_ms: uint(),
  checkpoint_ms: uint(),
});
/** @type {Form<Discovery>} */
export const discovery = object({ versions: list(text()), community: id, genesis: block, limits, transports: list(text()) });
/** `ref`: what tells answers apart. */
export const ref = text(1, 64, /^[A-Za-z0-9._~-]+$/);
