/** Wraps: an epoch's secret, sealed to one recipient's card by HPKE (RFC 9180) in base mode. */

import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, HkdfSha256 } from "@hpke/core";
import { concat, decode, encode } from "./bytes.js";
import { kem, kemPair } from "./card-key.js";
import { DispatchError } from "./dispatch-error.js";
import { H, tuple } from "./tuple.js";

/**
 * What a wrap is bound to.
 *
 * @typedef {object} WrapPlace
 * @property {string} community
 * @property {string} author of the entry that carries the wrap
 * @property {string} recipient
 * @property {string} x25519 the recipient's card
 * @property {string} commitment the epoch's
 */

/** @type {Promise<CipherSuite> | undefined} */
let suite;

function cipherSuite() {
  suite ??= kem().then((scheme) => new CipherSuite({ kem: scheme, kdf: new HkdfSha256(), aead: new Chacha20Poly1305() }));
  return suite;
}

/**
 * @param {Uint8Array} secret of an epoch
 * @returns {string}
 */
export function commitmentOf(secret) {
  return encode(H(tuple("commitment", secret)));
}

/** @param {WrapPlace} place */
export function wrapInfo({ community, author, recipient, x25519, commitment }) {
  return tuple("wrap", ...[community, author, recipient, x25519, commitment].map((text) => decode(text, 32)));
}

/**
 * [ENC-14]
 *
 * @param {Uint8Array} secret
 * @param {WrapPlace} place
 * @param {CryptoKeyPair} [ephemeral] for known answers alone: a wrap has a fresh one
 * @returns {Promise<string>} 80 bytes
 */
export async function sealWrap(secret, place, ephemeral) {
  const hpke = await cipherSuite();
  try {
    const recipientPublicKey = await hpke.kem.deserializePublicKey(decode(place.x25519, 32).buffer);
    const params = { recipientPublicKey, info: wrapInfo(place), ...(ephemeral ? { ekm: ephemeral } : {}) };
    const { enc, ct } = await hpke.seal(params, secret);
    return encode(concat(new Uint8Array(enc), new Uint8Array(ct)));
  } catch (error) {
    throw new DispatchError("bad_wrap", "Nothing can be wrapped for this card.", { cause: error }); // [ENC-4]
  }
}

/**
 * [ENC-2] [ENC-3] [ENC-4]
 *
 * @param {string} wrap
 * @param {import("./card-key.js").CardKey} key of the card for which it was sealed
 * @param {WrapPlace} place
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the epoch's secret
 */
export async function openWrap(wrap, key, place) {
  const bytes = decode(wrap, 80);
  let secret;
  try {
    const hpke = await cipherSuite();
    const recipient = { recipientKey: await kemPair(key), enc: bytes.slice(0, 32).buffer, info: wrapInfo({ ...place, x25519: key.x25519 }) };
    secret = new Uint8Array(await hpke.open(recipient, bytes.slice(32)));
  } catch (error) {
    throw new DispatchError("bad_wrap", "A wrap does not open.", { cause: error });
  }
  if (commitmentOf(secret) !== place.commitment) throw new DispatchError("bad_commitment", "A wrap holds another secret than its epoch's.");
  return secret;
}

/**
 * [ENC-17] Tries each.
 *
 * @param {{ wrap: string, key: import("./card-key.js").CardKey, place: WrapPlace }[]} wraps of one recipient, in the order of their blocks
 * @returns {Promise<Uint8Array<ArrayBuffer>>} rejects with `no_wrap` if there is none, else as the last did
 */
export async function openFirst(wraps) {
  /** @type {unknown} */
  let failure = new DispatchError("no_wrap", "This was written for others.");
  for (const { wrap, key, place } of wraps) {
    try {
      return await openWrap(wrap, key, place);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
