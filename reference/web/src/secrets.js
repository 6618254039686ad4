/** Epochs' secrets and the words of messages: opened when they are read, held in memory alone. */

import { decode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { open, readPlaintext, unpad } from "./message.js";
import { LAST } from "./store/keys.js";
import { openFirst } from "./wrap.js";

/** @typedef {import("./card-key.js").CardKey} CardKey */
/** @typedef {import("./form.js").Block} Block */

/** Why a secret could not be looked for, as apart from why it does not open. */
const OF_STORE = /^(store_|closed$)/;

export class Secrets {
  /** @type {Map<string, Promise<Uint8Array<ArrayBuffer>>>} epoch → its secret, or why it cannot be read */
  #opened = new Map();

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {() => CardKey[]} cards ours, the newest first
   */
  constructor(ledger, cards) {
    this.ledger = ledger;
    this.cards = cards;
  }

  /**
   * [ENC-17]
   *
   * @param {string} epoch
   * @returns {Promise<Uint8Array<ArrayBuffer>>} rejects with `no_wrap`, `bad_wrap` or `bad_commitment`
   */
  of(epoch) {
    let secret = this.#opened.get(epoch);
    if (!secret) {
      secret = this.#open(epoch);
      secret.catch(({ code = "" }) => OF_STORE.test(code) && this.again(epoch)); // what could not be read may be read now
      this.#opened.set(epoch, secret);
    }
    return secret;
  }

  /**
   * A wrap more came: what could not be read may be read now.
   *
   * @param {string} epoch
   */
  again(epoch) {
    this.#opened.delete(epoch);
  }

  /**
   * What we made ourselves, before it is on the chain.
   *
   * @param {string} epoch
   * @param {Uint8Array<ArrayBuffer>} secret
   */
  know(epoch, secret) {
    this.#opened.set(epoch, Promise.resolve(secret));
  }

  /** @param {string} epoch */
  async #open(epoch) {
    const { ledger } = this;
    const commitment = ledger.chain.epochs.get(epoch)?.commitment;
    const rows = commitment ? await ledger.store.range("wraps", [ledger.community, epoch], [ledger.community, epoch, LAST]) : [];
    const wraps = rows.flatMap(({ value: { author, wrap, x25519 } }) => {
      const key = this.cards().find((card) => card.x25519 === x25519);
      const place = { community: ledger.community, author, recipient: ledger.account ?? "", x25519, commitment: commitment ?? "" };
      return key ? [{ wrap, key, place }] : [];
    });
    return openFirst(wraps);
  }

  /**
   * @param {Block} block of a message
   * @returns {Promise<import("./message.js").Plaintext>} rejects with why it does not open
   */
  async words({ entry }) {
    const { epoch, ciphertext } = entry.body;
    if (ciphertext === undefined) throw new DispatchError("redacted", "These words were removed.");
    return this.#read(entry, await this.of(epoch));
  }

  /**
   * Of a message whose epoch the chain does not have yet: its secret is looked for in entries that carry wraps of it, and not held.
   *
   * @param {Block} block
   * @param {string} commitment the epoch's
   * @param {import("./form.js").Entry[]} carriers an epoch and its shares, signed by their authors
   * @returns {Promise<import("./message.js").Plaintext>}
   */
  async earlyWords({ entry }, commitment, carriers) {
    const recipient = this.ledger.account ?? "";
    const wraps = carriers.flatMap(({ author, body }) => {
      const own = body.wraps.find((/** @type {import("./form.js").Wrap} */ { member }) => member === recipient);
      // For which card it was sealed is not known: that one may not be there either.
      return own ? this.cards().map((key) => ({ wrap: own.wrap, key, place: { community: this.ledger.community, author, recipient, x25519: key.x25519, commitment } })) : [];
    });
    return this.#read(entry, await openFirst(wraps));
  }

  /**
   * @param {import("./form.js").Entry} entry
   * @param {Uint8Array<ArrayBuffer>} secret
   */
  async #read(entry, secret) {
    const { epoch, salt, ciphertext } = entry.body;
    const place = { community: entry.community, epoch, author: entry.author, seq: entry.seq };
    return readPlaintext(unpad(await open(decode(ciphertext), secret, decode(salt), place)));
  }
}
