/**
 * A card's key pair. The private key is a non-extractable CryptoKey where the platform has X25519; where it does not (browsers from before
 * 2024), it is the 32 bytes, which no such platform can keep in a better way.
 */

import { decode, encode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";

/** @typedef {{ x25519: string, privateKey: CryptoKey | Uint8Array<ArrayBuffer> }} CardKey */

/** PrivateKeyInfo of RFC 8410 up to the 32 bytes. */
const PKCS8 = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20);
const X25519 = { name: "X25519" };
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, at) => (at ? 0 : 9));

/** @type {Promise<boolean> | undefined} */
let native;

/** @returns {Promise<boolean>} whether the platform has X25519 */
export function hasX25519() {
  native ??= crypto.subtle.generateKey(X25519, false, ["deriveBits"]).then(
    () => true,
    () => false,
  );
  return native;
}

/** The KEM to wrap with: the platform's, or `@hpke/dhkem-x25519`, loaded only where it is needed. */
export async function kem() {
  if (await hasX25519()) return new (await import("@hpke/core")).DhkemX25519HkdfSha256();
  return new (await import("@hpke/dhkem-x25519")).DhkemX25519HkdfSha256();
}

/** @returns {Promise<Uint8Array<ArrayBuffer>>} a private key: any 32 random bytes are one */
export async function newCardSecret() {
  return crypto.getRandomValues(new Uint8Array(32));
}

/**
 * @param {Uint8Array} secret 32 bytes
 * @returns {Promise<CardKey>}
 */
export async function cardKey(secret) {
  if (secret.length !== 32) throw new DispatchError("bad_card", "A card's private key has 32 bytes.");
  if (!(await hasX25519())) {
    const { HkdfSha256, X25519: Curve } = await import("@hpke/dhkem-x25519");
    const curve = new Curve(new HkdfSha256());
    const publicKey = await curve.derivePublicKey(await curve.importKey("raw", new Uint8Array(secret).buffer, false));
    return { x25519: encode(new Uint8Array(await curve.serializePublicKey(publicKey))), privateKey: new Uint8Array(secret) };
  }
  const encoded = new Uint8Array([...PKCS8, ...secret]);
  const privateKey = await crypto.subtle.importKey("pkcs8", encoded, X25519, false, ["deriveBits"]);
  const base = await crypto.subtle.importKey("raw", BASE_POINT, X25519, true, []);
  const bits = await crypto.subtle.deriveBits({ name: "X25519", public: base }, privateKey, 256);
  return { x25519: encode(new Uint8Array(bits)), privateKey };
}

/**
 * The pair as the KEM takes it.
 *
 * @param {CardKey} key
 */
export async function kemPair({ x25519, privateKey }) {
  const scheme = await kem();
  const publicKey = await scheme.deserializePublicKey(decode(x25519, 32).buffer);
  if (privateKey instanceof Uint8Array) return { publicKey, privateKey: await scheme.importKey("raw", privateKey.buffer, false) };
  return { publicKey, privateKey };
}
