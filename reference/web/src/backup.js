/** Backups: a file that holds what makes a member, sealed under a passphrase. */

import { decode, encode, fromUtf8, random, utf8 } from "./bytes.js";
import { DispatchError, refusedAs } from "./dispatch-error.js";
import { bytes, checkpoint, id, list, object, text, uint } from "./form.js";
import { Invitation } from "./invitation.js";
import { CLIENT_FRAME, readJson } from "./json.js";
import { cipher } from "./message.js";
import { PublicKey } from "./public-key.js";
import { tuple } from "./tuple.js";

/** @typedef {{ invitation: string, checkpoint?: import("./form.js").Checkpoint }} BackupCommunity */
/** @typedef {{ private_key: string, cards: string[], communities: BackupCommunity[], names?: { account: string, name: string }[] }} Contents */
/** @typedef {{ format: string, salt: string, iterations: number, sealed: string }} BackupFile */

export const BACKUP_FORMAT = "dispatch-d/1 backup";
/** The fewest that are allowed: more would keep a phone busy for seconds. */
export const ITERATIONS = 600_000;
const MOST_ITERATIONS = 10_000_000;
const NO_BACKUP = "This file is not a backup of dispatch-d, or was damaged. Choose another.";
const RSA_PSS = { name: "RSA-PSS", hash: "SHA-256" };

const file = object({ format: text(), salt: bytes(16), iterations: uint(ITERATIONS), sealed: bytes() });
/** @type {import("./form.js").Form<Contents>} */
const contents = object({
  private_key: bytes(),
  cards: list(bytes(32)),
  communities: list(object({ invitation: text(), "checkpoint?": checkpoint })),
  "names?": list(object({ account: id, name: text(1, 255) })),
});

/**
 * [BACKUP-1]
 *
 * @param {Uint8Array | string} data
 * @returns {BackupFile}
 */
export function readBackupFile(data) {
  return refusedAs("bad_backup", NO_BACKUP, () => {
    /** @type {BackupFile} */
    const read = file(readJson(data, CLIENT_FRAME), true);
    const known = read.format === BACKUP_FORMAT && read.iterations <= MOST_ITERATIONS && decode(read.sealed).length >= 16;
    if (!known) throw new DispatchError("bad_backup", "another format, or a number out of its bounds");
    return read;
  });
}

/**
 * @param {string} passphrase
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {number} iterations
 * @returns {Promise<Uint8Array<ArrayBuffer>>} key and nonce
 */
export async function backupKey(passphrase, salt, iterations) {
  const password = await crypto.subtle.importKey("raw", utf8(passphrase.normalize("NFC")), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, password, 44 * 8));
}

/**
 * @param {Uint8Array} salt
 * @param {number} iterations
 */
export function backupAad(salt, iterations) {
  return tuple("backup", salt, iterations);
}

/**
 * @param {Uint8Array<ArrayBuffer>} plain the contents' bytes
 * @param {string} passphrase
 * @param {Uint8Array<ArrayBuffer>} [salt] for known answers alone [BACKUP-6]
 * @param {number} [iterations]
 * @returns {Promise<string>} the file's text
 */
export async function sealBackup(plain, passphrase, salt = random(16), iterations = ITERATIONS) {
  const { encrypt } = await cipher(await backupKey(passphrase, salt, iterations), backupAad(salt, iterations));
  const sealed = encode(await encrypt(plain));
  return `${JSON.stringify({ format: BACKUP_FORMAT, salt: encode(salt), iterations, sealed }, null, 2)}\n`;
}

/** @param {Contents} value */
export function writeContents(value) {
  return utf8(JSON.stringify(value));
}

/**
 * [BACKUP-2]
 *
 * @param {Uint8Array | string} data
 * @param {string} passphrase
 * @returns {Promise<Uint8Array<ArrayBuffer>>} the contents' bytes
 */
export async function openBackup(data, passphrase) {
  const { salt, iterations, sealed } = readBackupFile(data);
  const { decrypt } = await cipher(await backupKey(passphrase, decode(salt), iterations), backupAad(decode(salt), iterations));
  try {
    return await decrypt(decode(sealed));
  } catch {
    throw new DispatchError(
      "bad_passphrase",
      "This passphrase does not open the backup. Mind upper case and the language of the keyboard; or the file was changed.",
    );
  }
}

/**
 * What is in a backup, with the account's key.
 *
 * @typedef {object} Restored
 * @property {Contents} contents
 * @property {PublicKey} publicKey
 * @property {Uint8Array<ArrayBuffer>} pkcs8
 */

/**
 * [BACKUP-3] [BACKUP-4] [BACKUP-5]
 *
 * @param {Uint8Array<ArrayBuffer>} data
 * @returns {Promise<Restored>}
 */
export async function readContents(data) {
  const read = refusedAs("bad_backup", NO_BACKUP, () => {
    const value = contents(readJson(fromUtf8(data), { depth: 16, integers: false }), false);
    const tooMany = value.cards.length > 1024 || value.communities.length > 1024 || (value.names?.length ?? 0) > 65536;
    if (tooMany) throw new DispatchError("bad_backup", "more than a backup may hold");
    for (const { invitation, checkpoint } of value.communities) {
      const { community } = Invitation.parse(invitation);
      if (checkpoint && (checkpoint.community !== community || checkpoint.size === 0))
        throw new DispatchError("bad_backup", "a checkpoint of another community");
    }
    return value;
  });
  const pkcs8 = decode(read.private_key);
  return { contents: read, publicKey: await publicKeyOf(pkcs8), pkcs8 };
}

/**
 * [BACKUP-4] As with public keys, platforms take more than the one encoding: what writing the key again gives is compared.
 *
 * @param {Uint8Array<ArrayBuffer>} pkcs8
 * @returns {Promise<PublicKey>}
 */
async function publicKeyOf(pkcs8) {
  let spki;
  try {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, RSA_PSS, true, ["sign"]);
    const again = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
    if (encode(again) !== encode(pkcs8)) throw new Error("another encoding");
    const { kty, n, e } = await crypto.subtle.exportKey("jwk", key);
    const publicKey = await crypto.subtle.importKey("jwk", { kty, n, e }, RSA_PSS, true, ["verify"]);
    spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  } catch (error) {
    throw new DispatchError("bad_key", "The private key in the backup is none that this protocol takes.", { cause: error });
  }
  return PublicKey.read(spki);
}

/**
 * @param {Uint8Array<ArrayBuffer>} pkcs8
 * @returns {Promise<CryptoKey>} non-extractable
 */
export function signingKey(pkcs8) {
  return crypto.subtle.importKey("pkcs8", pkcs8, RSA_PSS, false, ["sign"]);
}
