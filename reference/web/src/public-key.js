/** RSA public keys: the rules that no library checks by itself, and verification. */

import { decode, encode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { H } from "./tuple.js";

const PSS = { name: "RSA-PSS", saltLength: 32 };
/** SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL } */
const ALGORITHM = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const EXPONENT = [0x02, 0x03, 0x01, 0x00, 0x01];

/** A public key that keeps KEY-1 to KEY-4. Only `PublicKey.read` makes one. */
export class PublicKey {
  /** @type {Promise<CryptoKey> | undefined} */
  #imported;

  /**
   * @param {Uint8Array<ArrayBuffer>} der
   * @param {Uint8Array} modulus
   */
  constructor(der, modulus) {
    /** @readonly */
    this.der = der;
    /** @readonly big-endian, without leading zeros */
    this.modulus = modulus;
    /** @readonly [KEY-5] the id of the account */
    this.account = encode(H(der));
  }

  /** The modulus' length in bits. */
  get bits() {
    return this.modulus.length * 8;
  }

  /**
   * @param {Uint8Array | string} der bytes, or their base64url
   * @returns {PublicKey} throws `bad_key`
   */
  static read(der) {
    const bytes = typeof der === "string" ? decode(der) : new Uint8Array(der);
    const reader = new Der(bytes);
    const inner = reader.enter(0x30);
    for (const byte of ALGORITHM) inner.expect(byte); // [KEY-1]
    const string = inner.enter(0x03);
    inner.end();
    string.expect(0); // no unused bits
    const key = string.enter(0x30);
    string.end();
    reader.end();
    const integer = key.enter(0x02).rest();
    for (const byte of EXPONENT) key.expect(byte); // [KEY-3]
    key.end();
    // In DER a positive integer has a zero byte in front just where its first bit is set, as that of our moduli is.
    if (integer[0] !== 0 || !(integer[1] & 0x80))
      throw bad("its modulus is negative, has needless zeros, or a number of bits that is no multiple of 8"); // [KEY-1] [KEY-2]
    const modulus = integer.subarray(1);
    if (modulus.length < 256 || modulus.length > 512) throw bad("its modulus has fewer than 2048 or more than 4096 bits"); // [KEY-2]
    if (!(modulus[modulus.length - 1] & 1)) throw bad("its modulus is even"); // [KEY-4]
    return new PublicKey(bytes, modulus);
  }

  /**
   * [SIG-1] [SIG-2] [SIG-3]
   *
   * @param {Uint8Array<ArrayBuffer>} message the whole tuple
   * @param {Uint8Array<ArrayBuffer>} signature
   * @returns {Promise<boolean>}
   */
  async verifies(message, signature) {
    if (signature.length !== this.modulus.length || !smaller(signature, this.modulus)) return false;
    this.#imported ??= crypto.subtle.importKey("spki", this.der, { name: "RSA-PSS", hash: "SHA-256" }, true, ["verify"]);
    let key;
    try {
      key = await this.#imported;
    } catch {
      return false; // a modulus that the platform does not take verifies nothing
    }
    return crypto.subtle.verify(PSS, key, signature, message);
  }

  /** The PEM text to hand to a community's owner. */
  get pem() {
    const base64 = btoa(String.fromCharCode(...this.der)).replace(/.{64}(?=.)/g, "$&\n");
    return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
  }
}

/**
 * @param {CryptoKey} key an RSA-PSS private key
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function sign(key, message) {
  return new Uint8Array(await crypto.subtle.sign(PSS, key, message));
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other of the same length
 */
function smaller(one, other) {
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return one[at] < other[at];
  return false;
}

/** @param {string} why */
function bad(why) {
  return new DispatchError("bad_key", `This is not a public key of this protocol: ${why}.`);
}

/** As much of DER as such a key needs: lengths in their shortest form, nothing left over. */
class Der {
  #at = 0;
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  #byte() {
    if (this.#at >= this.bytes.length) throw bad("it ends too early");
    return this.bytes[this.#at++];
  }

  /** @param {number} byte */
  expect(byte) {
    if (this.#byte() !== byte) throw bad("it is not an rsaEncryption SubjectPublicKeyInfo with the exponent 65537");
  }

  /** @param {number} tag */
  enter(tag) {
    this.expect(tag);
    let length = this.#byte();
    if (length & 0x80) {
      const count = length & 0x7f;
      if (count < 1 || count > 2) throw bad("a length is not one of DER");
      length = 0;
      for (let i = 0; i < count; i++) length = (length << 8) | this.#byte();
      if (length < (count === 1 ? 0x80 : 0x100)) throw bad("a length is not the shortest");
    }
    if (length > this.bytes.length - this.#at) throw bad("it ends too early");
    this.#at += length;
    return new Der(this.bytes.subarray(this.#at - length, this.#at));
  }

  rest() {
    return this.bytes.subarray(this.#at);
  }

  end() {
    if (this.#at !== this.bytes.length) throw bad("bytes are left over");
  }
}
