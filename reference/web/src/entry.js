/** Entries, blocks and checkpoints as bytes: what is hashed and signed. */

import { concat, decode, encode, Spelled } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { H, tuple, tupleHash } from "./tuple.js";

/** @typedef {import("./tuple.js").Field} Field */

/** @typedef {import("./form.js").Statement} Statement */
/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Wrap} Wrap */

/** @param {Wrap[]} wraps */
function wrapItems(wraps) {
  return wraps.map(({ member, wrap }) => concat(decode(member, 32), decode(wrap, 80)));
}

/** @param {string} text of an id, a hash or another 32 bytes */
const spelled = (text) => new Spelled(text, 32);

/**
 * @param {string} kind
 * @param {any} body
 * @returns {[string, ...Field[]]} the label of its tuple, and the fields
 */
function bodyFields(kind, body) {
  const label = `body/${kind}`;
  switch (kind) {
    case "genesis":
      return [label, body.name, decode(body.authority), decode(body.server_key), body.created_at];
    case "roster":
      return [
        label,
        body.add.map((/** @type {string} */ key) => decode(key)),
        body.remove.map((/** @type {string} */ account) => decode(account, 32)),
      ];
    case "card":
      return [label, spelled(body.x25519)];
    case "epoch":
      return [label, spelled(body.commitment), wrapItems(body.wraps)];
    case "share":
      return [label, spelled(body.epoch), wrapItems(body.wraps)];
    case "message":
      return [label, spelled(body.epoch), new Spelled(body.salt, 16), spelled(body.ciphertext_hash)];
    case "redaction":
      return [label, body.index, body.reason];
    default:
      throw new DispatchError("unknown_kind", `There is no kind of entry named ${JSON.stringify(kind)}.`); // [ENTRY-1]
  }
}

/**
 * @param {string} kind
 * @param {any} body
 */
export function bodyTuple(kind, body) {
  return tuple(...bodyFields(kind, body));
}

/**
 * What an entry's signature is over.
 *
 * @param {Statement} entry
 */
export function entryTuple(entry) {
  return tuple(
    "entry",
    spelled(entry.community),
    entry.kind,
    spelled(entry.author),
    entry.seq,
    entry.seen.size,
    spelled(entry.seen.hash),
    entry.sent_at,
    tupleHash(...bodyFields(entry.kind, entry.body)),
  );
}

/** @param {Statement} entry */
export function entryId(entry) {
  return encode(H(entryTuple(entry)));
}

/**
 * @param {Block} block
 * @param {Uint8Array} id of its entry
 * @param {Uint8Array} signature of its entry
 * @returns {[string, ...Field[]]} the label of its tuple, and the fields
 */
function blockFields(block, id, signature) {
  return ["block", block.index, spelled(block.prev), block.time, id, H(signature)];
}

/**
 * @param {Block} block
 * @param {Uint8Array} id of its entry
 */
export function blockTuple(block, id) {
  return tuple(...blockFields(block, id, decode(block.entry.signature)));
}

/**
 * A block with all that is computed of it alone, so that it is computed once.
 *
 * @typedef {object} ReadBlock
 * @property {Block} block
 * @property {Uint8Array<ArrayBuffer>} signed the entry tuple
 * @property {Uint8Array<ArrayBuffer>} signature
 * @property {string} id of the entry
 * @property {Uint8Array<ArrayBuffer>} hash of the block
 */

/**
 * @param {Block} block in its form
 * @returns {ReadBlock}
 */
export function readBlock(block) {
  const signed = entryTuple(block.entry);
  const id = H(signed);
  const signature = decode(block.entry.signature);
  return { block, signed, signature, id: encode(id), hash: tupleHash(...blockFields(block, id, signature)) };
}
