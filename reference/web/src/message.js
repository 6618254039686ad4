/** Messages: from an epoch's secret and a plaintext to a ciphertext, and back. */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { decode, random, utf8 } from "./bytes.js";
import { DispatchError, refusedAs } from "./dispatch-error.js";
import { id, object, text } from "./form.js";
import { readJson } from "./json.js";
import { tuple } from "./tuple.js";

/**
 * What a message is bound to.
 *
 * @typedef {object} MessagePlace
 * @property {string} community
 * @property {string} epoch
 * @property {string} author
 * @property {number} seq
 */

/** @typedef {{ text: string, reply_to?: string, channel?: string }} Plaintext */

const BLOCK = 128;

/** @param {MessagePlace} place */
export function messageKeyInfo({ community, epoch, author }) {
  return tuple("message-key", decode(community, 32), decode(epoch, 32), decode(author, 32));
}

/** @param {MessagePlace} place */
export function messageAad({ community, epoch, author, seq }) {
  return tuple("message-aad", decode(community, 32), decode(epoch, 32), decode(author, 32), seq);
}

/**
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {MessagePlace} place
 * @returns {Promise<Uint8Array<ArrayBuffer>>} 32 bytes of key, 12 of nonce
 */
export async function messageKey(secret, salt, place) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const params = { name: "HKDF", hash: "SHA-256", salt, info: messageKeyInfo(place) };
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, 44 * 8));
}

/**
 * ChaCha20-Poly1305 with a key and nonce that stand behind each other: the platform's where it has it, else noble's.
 *
 * @param {Uint8Array<ArrayBuffer>} okm 44 bytes
 * @param {Uint8Array<ArrayBuffer>} aad
 */
export async function cipher(okm, aad) {
  const [key, nonce] = [okm.slice(0, 32), okm.slice(32)];
  const native = await nativeKey(key);
  if (!native) {
    const noble = chacha20poly1305(key, nonce, aad);
    return {
      encrypt: async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => /** @type {Uint8Array<ArrayBuffer>} */ (noble.encrypt(bytes)),
      decrypt: async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => /** @type {Uint8Array<ArrayBuffer>} */ (noble.decrypt(bytes)),
    };
  }
  const params = { name: "ChaCha20-Poly1305", iv: nonce, additionalData: aad };
  return {
    encrypt: async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => new Uint8Array(await crypto.subtle.encrypt(params, native, bytes)),
    decrypt: async (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => new Uint8Array(await crypto.subtle.decrypt(params, native, bytes)),
  };
}

let hasNative = true;

/** @param {Uint8Array<ArrayBuffer>} key */
async function nativeKey(key) {
  if (!hasNative) return null;
  try {
    const format = /** @type {any} */ ("raw-secret");
    return await crypto.subtle.importKey(format, key, { name: "ChaCha20-Poly1305" }, false, ["encrypt", "decrypt"]);
  } catch {
    hasNative = false;
    return null;
  }
}

/**
 * [ENC-15]
 *
 * @param {Uint8Array<ArrayBuffer>} plaintext
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {Uint8Array<ArrayBuffer>} salt [ENC-5] from `newSalt`
 * @param {MessagePlace} place
 */
export async function seal(plaintext, secret, salt, place) {
  const { encrypt } = await cipher(await messageKey(secret, salt, place), messageAad(place));
  return encrypt(pad(plaintext));
}

/**
 * [ENC-6]
 *
 * @param {Uint8Array<ArrayBuffer>} ciphertext
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {MessagePlace} place
 * @returns {Promise<Uint8Array<ArrayBuffer>>} padded
 */
export async function open(ciphertext, secret, salt, place) {
  const { decrypt } = await cipher(await messageKey(secret, salt, place), messageAad(place));
  try {
    return await decrypt(ciphertext);
  } catch (error) {
    throw new DispatchError("bad_ciphertext", "A message does not open under its epoch's secret.", { cause: error });
  }
}

export const newSalt = () => random(16);

/** @param {Uint8Array} plaintext */
export function pad(plaintext) {
  const padded = new Uint8Array((Math.floor(plaintext.length / BLOCK) + 1) * BLOCK);
  padded.set(plaintext);
  padded[plaintext.length] = 0x80;
  return padded;
}

/**
 * [ENC-7]
 *
 * @param {Uint8Array<ArrayBuffer>} padded
 */
export function unpad(padded) {
  const end = padded.findLastIndex((byte) => byte !== 0);
  if (!padded.length || padded.length % BLOCK || padded[end] !== 0x80 || padded.length - end > BLOCK) {
    throw new DispatchError("bad_padding", "What a message opens to is not padded as it has to be.");
  }
  return padded.slice(0, end);
}

/** @type {import("./form.js").Form<Plaintext>} */
const form = object({ text: text(), "reply_to?": id, "channel?": text(1, 64) });

/**
 * [ENC-8] [ENC-9]
 *
 * @param {Uint8Array} bytes
 * @returns {Plaintext}
 */
export function readPlaintext(bytes) {
  return refusedAs("bad_plaintext", "What a message opens to is no message.", () => form(readJson(bytes, { depth: 16, integers: false }), false));
}

/** @param {Plaintext} plaintext */
export function writePlaintext(plaintext) {
  return utf8(JSON.stringify(plaintext));
}
