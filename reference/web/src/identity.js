/** The identity on a device: made, backed up and restored. */

import { ITERATIONS, openBackup, readContents, sealBackup, signingKey, writeContents } from "./backup.js";
import { decode, encode } from "./bytes.js";
import { cardKey, newCardSecret } from "./card-key.js";
import { DispatchError } from "./dispatch-error.js";
import { PublicKey } from "./public-key.js";

/** @typedef {import("./card-key.js").CardKey} CardKey */
/** @typedef {import("./backup.js").Contents} Contents */
/** @typedef {{ text: string, made_at: number, communities: string[], names: string }} KeptBackup */

/**
 * What is kept. The keys in it are not extractable.
 *
 * @typedef {object} IdentityRecord
 * @property {string} account
 * @property {string} publicKey
 * @property {CryptoKey} signingKey
 * @property {CardKey[]} cards the newest first
 * @property {KeptBackup | null} backup
 * @property {number} createdAt
 */

export const DEFAULT_BITS = 3072;

/**
 * @param {{ passphrase?: string, bits?: number }} options
 * @param {number} now
 * @returns {Promise<IdentityRecord>}
 */
export async function makeIdentity({ passphrase, bits = DEFAULT_BITS }, now) {
  if (!globalThis.crypto?.subtle)
    throw new DispatchError("no_webcrypto", "This page has no way to keep a key: it has to come over https, or from this very computer.");
  const parameters = { name: "RSA-PSS", hash: "SHA-256", modulusLength: bits, publicExponent: Uint8Array.of(1, 0, 1) };
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const publicKey = PublicKey.read(new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)));
  const secret = await newCardSecret();
  /** @type {Contents} */
  const contents = { private_key: encode(pkcs8), cards: [encode(secret)], communities: [], names: [] };
  const backup = passphrase === undefined ? null : await keepable(contents, passphrase, now);
  const record = {
    account: publicKey.account,
    publicKey: encode(publicKey.der),
    signingKey: await signingKey(pkcs8),
    cards: [await cardKey(secret)],
    backup,
    createdAt: now,
  };
  pkcs8.fill(0);
  secret.fill(0);
  return record;
}

/**
 * @param {Contents} contents
 * @param {string} passphrase
 * @param {number} now
 * @returns {Promise<KeptBackup>}
 */
async function keepable(contents, passphrase, now) {
  const text = await sealBackup(writeContents(contents), passphrase, undefined, ITERATIONS);
  return { text, made_at: now, communities: contents.communities.map(({ invitation }) => invitation), names: namesText(contents.names ?? []) };
}

/** @param {{ account: string, name: string }[]} names */
export function namesText(names) {
  return JSON.stringify([...names].sort((one, other) => (one.account < other.account ? -1 : 1)).map(({ account, name }) => [account, name]));
}

/**
 * @param {string} text of a backup
 * @param {string} passphrase
 * @param {number} now
 * @returns {Promise<{ record: IdentityRecord, contents: Contents }>}
 */
export async function restoreIdentity(text, passphrase, now) {
  const { contents, publicKey, pkcs8 } = await readContents(await openBackup(text, passphrase));
  const cards = await Promise.all(contents.cards.map((secret) => cardKey(decode(secret, 32))));
  let kept = { text, made_at: now, communities: contents.communities.map(({ invitation }) => invitation), names: namesText(contents.names ?? []) };
  if (!cards.length) {
    // A card key that is in no backup would be lost with this device.
    const secret = await newCardSecret();
    cards.push(await cardKey(secret));
    contents.cards = [encode(secret)];
    kept = await keepable(contents, passphrase, now);
  }
  const record = {
    account: publicKey.account,
    publicKey: encode(publicKey.der),
    signingKey: await signingKey(pkcs8),
    cards,
    backup: kept,
    createdAt: now,
  };
  return { record, contents };
}

/**
 * The same keys with today's communities and names.
 *
 * @param {KeptBackup} backup
 * @param {{ passphrase: string, newPassphrase: string }} passphrases
 * @param {Pick<Contents, "communities" | "names">} today
 * @param {number} now
 * @returns {Promise<KeptBackup>}
 */
export async function renewedBackup(backup, { passphrase, newPassphrase }, today, now) {
  const { contents } = await readContents(await openBackup(backup.text, passphrase));
  return keepable({ private_key: contents.private_key, cards: contents.cards, ...today }, newPassphrase, now);
}
