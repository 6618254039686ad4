/** Entries, blocks and checkpoints as bytes: what is hashed and signed. */

import { concat, decode, encode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { H, tuple } from "./tuple.js";

/** @typedef {import("./form.js").Statement} Statement */
/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Wrap} Wrap */

/** @param {Wrap[]} wraps */
function wrapItems(wraps) {
  return wraps.map(({ member, wrap }) => concat(decode(member, 32), decode(wrap, 80)));
}

/**
 * @param {string} kind
 * @param {any} body
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bodyTuple(kind, body) {
  const label = `body/${kind}`;
  switch (kind) {
    case "genesis":
      return tuple(label, body.name, decode(body.authority), decode(body.server_key), body.created_at);
    case "roster":
      return tuple(
        label,
        body.add.map((/** @type {string} */ key) => decode(key)),
        body.remove.map((/** @type {string} */ account) => decode(account, 32)),
      );
    case "card":
      return tuple(label, decode(body.x25519, 32));
    case "epoch":
      return tuple(label, decode(body.commitment, 32), wrapItems(body.wraps));
    case "share":
      return tuple(label, decode(body.epoch, 32), wrapItems(body.wraps));
    case "message":
      return tuple(label, decode(body.epoch, 32), decode(body.salt, 16), decode(body.ciphertext_hash, 32));
    case "redaction":
      return tuple(label, body.index, body.reason);
    default:
      throw new DispatchError("unknown_kind", `There is no kind of entry named ${JSON.stringify(kind)}.`); // [ENTRY-1]
  }
}

/**
 * What an entry's signature is over.
 *
 * @param {Statement} entry
 */
export function entryTuple(entry) {
  return tuple(
    "entry",
    decode(entry.community, 32),
    entry.kind,
    decode(entry.author, 32),
    entry.seq,
    entry.seen.size,
    decode(entry.seen.hash, 32),
    entry.sent_at,
    H(bodyTuple(entry.kind, entry.body)),
  );
}

/** @param {Statement} entry */
export function entryId(entry) {
  return encode(H(entryTuple(entry)));
}

/**
 * @param {Block} block
 * @param {Uint8Array} id of its entry
 * @param {Uint8Array} [signature] of its entry, where it was decoded already
 */
export function blockTuple(block, id, signature = decode(block.entry.signature)) {
  return tuple("block", block.index, decode(block.prev, 32), block.time, id, H(signature));
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
  return { block, signed, signature, id: encode(id), hash: H(blockTuple(block, id, signature)) };
}
