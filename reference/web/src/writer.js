/** Entries of our own, from what is to be said to what is signed. */

import { encode, random } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { entryId, entryTuple } from "./entry.js";
import { newSalt, seal, writePlaintext } from "./message.js";
import { sign } from "./public-key.js";
import { audience, conversationKey, EVERYONE } from "./timeline.js";
import { H } from "./tuple.js";
import { commitmentOf, sealWrap } from "./wrap.js";

/** @typedef {import("./chain.js").Chain} Chain */
/** @typedef {import("./epoch.js").Epoch} Epoch */
/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Kind} Kind */

/** [ENC-13] */
const MOST_MESSAGES = 500;
const LONGEST_MS = 24 * 60 * 60 * 1000;

export class Writer {
  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {import("./secrets.js").Secrets} secrets
   * @param {() => import("./session.js").Signer} signer
   * @param {() => number} now
   */
  constructor(ledger, secrets, signer, now) {
    this.ledger = ledger;
    this.secrets = secrets;
    this.signerOf = signer;
    this.now = now;
  }

  get signer() {
    return this.signerOf();
  }

  get #chain() {
    return this.ledger.chain;
  }

  /** @returns {number} of our next entry */
  get nextSeq() {
    return (this.#chain.accounts.get(this.signer.account)?.seq ?? 0) + 1;
  }

  /**
   * Signs an entry over all of the chain that is verified. [ENTRY-15]
   *
   * @param {Kind} kind
   * @param {(seen: number, seq: number) => Promise<any>} makeBody by the size of the prefix that is seen, and the entry's number
   * @returns {Promise<Entry>}
   */
  async entry(kind, makeBody) {
    const { community, account } = { community: this.ledger.community, account: this.signer.account };
    const seen = { size: this.#chain.size, hash: this.#chain.head };
    const seq = this.nextSeq;
    const statement = { community, kind, author: account, seq, seen, sent_at: this.now(), body: await makeBody(seen.size, seq) };
    return { ...statement, signature: encode(await sign(this.signer.signingKey, entryTuple(statement))) };
  }

  /**
   * Whom a conversation addresses now, by their ordinals.
   *
   * @param {string[] | null} members null for everyone: the members who have a card
   */
  addressed(members) {
    const all = audience(this.#chain);
    const own = this.#chain.accounts.get(this.signer.account)?.ordinal ?? -1;
    if (!all.includes(own))
      throw new DispatchError("bad_recipient", "Our own card is not on the chain, so we could not read what we write. Try again once it is.");
    if (!members) return all;
    const ordinals = members.map((id) => {
      const account = this.#chain.accounts.get(id);
      if (!account || !all.includes(account.ordinal))
        throw new DispatchError("bad_recipient", "One of those who are addressed is no member, or has no card yet.");
      return account.ordinal;
    });
    // Who was away when the others were removed must not find that private words went to what everyone shares.
    if (all.every((ordinal) => ordinals.includes(ordinal)))
      throw new DispatchError(
        "not_private",
        "Everybody else is gone: what is written here now would be for everyone. Write it there, if that is meant.",
      );
    return ordinals;
  }

  /**
   * The epoch to write under: the newest that is for just these, that we can read, and that is not due for a change.
   * [ENC-11] [ENC-16] [ENC-19] [ENC-12] [ENC-13]
   *
   * @param {string} key of the conversation
   * @param {number[]} ordinals of whom it addresses
   * @param {string | null} [made] id of the epoch that was made for this very message: however slow the server's clock is, it is not due
   * @returns {Promise<Epoch | null>}
   */
  async epochFor(key, ordinals, made = null) {
    const fits = [...this.#chain.epochs.values()].filter(
      (epoch) => (epoch.id === made || !this.#isDue(epoch)) && this.#fits(epoch, key, ordinals),
    );
    for (const epoch of fits.reverse()) {
      try {
        await this.secrets.of(epoch.id);
        return epoch;
      } catch {
        // Its author wrapped something else for us.
      }
    }
    return null;
  }

  /**
   * @param {Epoch} epoch
   * @param {string} key
   * @param {number[]} ordinals
   */
  #fits(epoch, key, ordinals) {
    return !epoch.stale && isFor(epoch, ordinals) && this.#conversationOf(epoch) === key && !this.#chain.hasOldCard(epoch);
  }

  /**
   * Whether what was signed may still be said, by the chain as it is now.
   *
   * @param {Entry} entry
   * @param {{ conversation: string | null, members: string[] | null }} whom a message addresses
   * @returns {boolean} throws where it may not be said at all
   */
  stillFits({ kind, body }, { conversation, members }) {
    const { accounts, epochs } = this.#chain;
    if (kind === "epoch" || kind === "share") return body.wraps.every((/** @type {import("./form.js").Wrap} */ { member }) => accounts.get(member)?.isMember);
    if (kind !== "message") return true;
    const epoch = epochs.get(body.epoch);
    return epoch !== undefined && this.#fits(epoch, conversation ?? EVERYONE, this.addressed(members));
  }

  /** @returns {string | null} our card, where the last that the chain has of us is another device's: what is wrapped for that one we cannot open */
  cardToPublish() {
    const cards = this.secrets.cards();
    const known = this.#chain.accounts.get(this.signer.account);
    const last = known && this.#chain.cardOf(known)?.x25519;
    return cards.length && !cards.some(({ x25519 }) => x25519 === last) ? cards[0].x25519 : null;
  }

  /** @param {Epoch} epoch */
  #conversationOf(epoch) {
    if (epoch.conversation !== null || !epoch.missing?.length) return epoch.conversation ?? EVERYONE;
    return conversationKey([...epoch.recipients].map((ordinal) => this.#chain.roster[ordinal].account));
  }

  /** @param {Epoch} epoch */
  #isDue(epoch) {
    return epoch.messages >= MOST_MESSAGES || this.now() - epoch.time >= LONGEST_MS;
  }

  /**
   * @param {number[]} ordinals
   * @param {string} commitment
   * @param {Uint8Array<ArrayBuffer>} secret
   * @param {number} seen
   */
  #wraps(ordinals, commitment, secret, seen) {
    const { community, account: author } = { community: this.ledger.community, account: this.signer.account };
    return Promise.all(
      ordinals.map(async (ordinal) => {
        const recipient = this.#chain.roster[ordinal];
        const x25519 = this.#chain.cardOf(recipient, seen)?.x25519;
        if (!recipient.isMember || !x25519) throw new DispatchError("bad_recipient", "One of those who are addressed is no member, or has no card yet.");
        return { member: recipient.account, wrap: await sealWrap(secret, { community, author, recipient: recipient.account, x25519, commitment }) };
      }),
    );
  }

  /**
   * @param {number[]} ordinals at most as many as one entry may wrap for
   * @returns {Promise<Entry>}
   */
  async epoch(ordinals) {
    const secret = random(32); // [ENC-1]
    const commitment = commitmentOf(secret);
    const entry = await this.entry("epoch", async (seen) => ({ commitment, wraps: await this.#wraps(ordinals, commitment, secret, seen) }));
    this.secrets.know(entryId(entry), secret);
    return entry;
  }

  /**
   * @param {string} epoch
   * @param {number[]} ordinals
   * @returns {Promise<Entry>}
   */
  async share(epoch, ordinals) {
    const secret = await this.secrets.of(epoch);
    const commitment = commitmentOf(secret);
    return this.entry("share", async (seen) => ({ epoch, wraps: await this.#wraps(ordinals, commitment, secret, seen) }));
  }

  /**
   * @param {string} epoch
   * @param {import("./message.js").Plaintext} plaintext
   * @returns {Promise<Entry>}
   */
  message(epoch, plaintext) {
    return this.entry("message", async (_seen, seq) => {
      const salt = newSalt();
      const place = { community: this.ledger.community, epoch, author: this.signer.account, seq };
      const ciphertext = await seal(writePlaintext(plaintext), await this.secrets.of(epoch), salt, place);
      return { epoch, salt: encode(salt), ciphertext_hash: encode(H(ciphertext)), ciphertext: encode(ciphertext) };
    });
  }
}

/**
 * @param {Epoch} epoch
 * @param {number[]} ordinals
 */
function isFor({ recipients }, ordinals) {
  return recipients.size === ordinals.length && ordinals.every((ordinal) => recipients.has(ordinal));
}
