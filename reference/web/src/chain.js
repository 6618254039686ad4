/**
 * The chain as a client verifies it: takes block after block, and refuses the first that does not fit with the code of the rule. [ENTRY-13]
 * No I/O and no clock. What is asynchronous is the verification of signatures, which the platform does off this thread.
 */

import { bytesIn, encode, ZERO_ID } from "./bytes.js";
import { checkCard } from "./card.js";
import { DispatchError } from "./dispatch-error.js";
import { Epoch } from "./epoch.js";
import { examine, keysNamedIn } from "./examine.js";
import { Tree } from "./merkle.js";
import { PublicKey } from "./public-key.js";

/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./examine.js").Examined} Examined */

/** What happened to an account's membership. @typedef {{ what: "added" | "removed", by: string, index: number, time: number }} Change */

/**
 * An account that is or was on the roster.
 *
 * @typedef {object} Account
 * @property {string} account
 * @property {number} ordinal its place among the accounts, in the order in which they were first added
 * @property {PublicKey} key
 * @property {boolean} isMember
 * @property {number} seq of its last entry
 * @property {number} seen of its last entry
 * @property {{ index: number, x25519: string }[]} cards
 * @property {Change[]} history
 */

/** @param {string} code @param {string} why */
const refusal = (code, why) => new DispatchError(code, why);

export class Chain {
  tree = new Tree();
  time = 0;
  /** @type {Map<string, Account>} */
  accounts = new Map();
  /** @type {Account[]} by ordinal */
  roster = [];
  /** @type {Map<string, Epoch>} by id */
  epochs = new Map();
  /** @type {Map<number, number>} index of each message's block → its author's ordinal */
  messages = new Map();
  /** @type {Map<number, { by: string, reason: string, time: number, index: number }>} index of the message → its redaction */
  redactions = new Map();
  /** @type {Set<number>} messages without a ciphertext that nobody has redacted yet */
  gaps = new Set();
  /** @type {import("./form.js").GenesisBody | null} */
  genesis = null;
  /** @type {string} id of the community; empty until genesis is taken */
  community = "";
  authority = "";
  /** @type {PublicKey | null} */
  serverKey = null;

  /** @param {string} [pinned] the community's id, of an invitation */
  constructor(pinned) {
    this.pinned = pinned;
  }

  get size() {
    return this.tree.size;
  }

  get head() {
    return this.tree.head(this.size);
  }

  /**
   * Takes blocks one after the other. Where one is refused, those before it stay taken, and the error's `index` says how far it came.
   *
   * @param {Block[]} blocks in their forms
   * @param {(read: Examined) => void} [taken] called right after each
   * @param {(Examined | null)[]} [examined] what another thread has found of them, if it did
   */
  async take(blocks, taken = () => {}, examined) {
    const named = keysNamedIn(blocks);
    const here = (/** @type {Block} */ block) => examine(block, this.accounts.get(block.entry.author)?.key ?? named.get(block.entry.author));
    // Another thread may not have been told an author's key yet.
    const reads = blocks.map((block, at) => {
      const there = examined?.[at];
      return there && there.isSigned !== null ? there : here(block);
    });
    for (const read of reads) {
      this.#takeOne(read, (await read.isSigned) ?? false);
      taken(read);
    }
  }

  /**
   * @param {Examined} read
   * @param {boolean} signed whether the entry's signature is by the key of its author's id
   */
  #takeOne(read, signed) {
    const { block } = read;
    if (block.index !== this.size) throw refusal("bad_index", "The blocks do not follow on each other."); // [CHAIN-8]
    if (this.size === 0) {
      this.#takeGenesis(read, signed);
    } else {
      if (block.prev !== this.head) throw refusal("bad_prev", "A block is not linked to the one before it."); // [CHAIN-9]
      if (block.time < this.time) throw refusal("bad_time", "A block is older than the one before it."); // [CHAIN-10]
      this.#takeEntry(read, signed);
    }
    this.time = block.time;
    this.tree.append(read.hash);
  }

  /**
   * @param {Examined} read
   * @param {boolean} signed
   */
  #takeGenesis({ block, hash }, signed) {
    const { entry } = block;
    const bad = (/** @type {string} */ why) => refusal("bad_genesis", `The first block does not found a community: ${why}.`);
    if (entry.kind !== "genesis") throw bad("it is no genesis"); // [GEN-1]
    if (block.prev !== ZERO_ID || entry.seq !== 1 || entry.community !== ZERO_ID) throw bad("it is not the first of all");
    if (entry.seen.size !== 0 || entry.seen.hash !== ZERO_ID) throw bad("it has seen something");
    const body = /** @type {import("./form.js").GenesisBody} */ (entry.body);
    if (body.authority === body.server_key) throw bad("its two keys are one"); // [KEY-7]
    const [authority, server] = [body.authority, body.server_key].map((der) => {
      try {
        return PublicKey.read(der);
      } catch {
        throw bad("a key breaks a rule");
      }
    });
    if (entry.author !== authority.account || !signed) throw bad("it is not signed by its authority");
    const community = encode(hash);
    if (this.pinned !== undefined && this.pinned !== community) {
      throw refusal("wrong_genesis", "This is not the community that the invitation names."); // [GEN-3]
    }
    this.community = community;
    this.genesis = body;
    this.authority = authority.account;
    this.serverKey = server;
    this.#add(authority, { what: "added", by: authority.account, index: 0, time: block.time }).seq = 1;
  }

  /**
   * @param {Examined} read
   * @param {boolean} signed
   */
  #takeEntry(read, signed) {
    const { entry } = read.block;
    if (entry.kind === "genesis") throw refusal("bad_genesis", "A genesis stands behind block 0."); // [GEN-4]
    if (entry.community !== this.community) throw refusal("wrong_community", "An entry is for another community."); // [ENTRY-2]
    const author = this.accounts.get(entry.author);
    if (!author?.isMember) throw refusal("not_allowed", "An entry is by somebody who is not on the roster."); // [ENTRY-10]
    if (!signed) throw refusal("bad_signature", "An entry is not signed by its author."); // [ENTRY-3]
    if (entry.seq !== author.seq + 1) throw refusal("bad_seq", "An entry of its author is missing or stands twice."); // [ENTRY-4]
    const { size, hash } = entry.seen;
    if (size < 1 || size > this.size || this.tree.head(size) !== hash)
      throw refusal("bad_seen", "An entry's author has seen another chain than this."); // [ENTRY-7]
    if (size < author.seen) throw refusal("bad_seen", "An entry's author has seen less than before."); // [ENTRY-8]
    switch (entry.kind) {
      case "roster":
        this.#takeRoster(read, author);
        break;
      case "card":
        this.#takeCard(read, author);
        break;
      case "epoch":
        this.#takeEpoch(read, author);
        break;
      case "share":
        this.#takeShare(read, author);
        break;
      case "message":
        this.#takeMessage(read, author);
        break;
      case "redaction":
        this.#takeRedaction(read, author);
    }
    author.seq = entry.seq;
    author.seen = size;
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeRoster({ block }, author) {
    const body = /** @type {import("./form.js").RosterBody} */ (block.entry.body);
    if (author.account !== this.authority) throw refusal("not_authority", "A roster entry is not by the authority."); // [ROST-1]
    const add = body.add.map((der) => PublicKey.read(der)); // [ROST-2]
    const bad = (/** @type {string} */ why) => refusal("bad_roster", `A roster entry ${why}.`);
    const named = new Set([...add.map((key) => key.account), ...body.remove]);
    if (!named.size) throw bad("changes nothing"); // [ROST-7]
    if (named.size !== add.length + body.remove.length) throw bad("names an account twice"); // [ROST-6]
    if (body.remove.includes(this.authority)) throw bad("removes the authority"); // [ROST-5]
    if (add.some((key) => this.accounts.get(key.account)?.isMember)) throw bad("adds a member"); // [ROST-3]
    if (body.remove.some((account) => !this.accounts.get(account)?.isMember)) throw bad("removes somebody who is no member"); // [ROST-4]
    const change = { by: author.account, index: block.index, time: block.time };
    for (const id of body.remove) {
      const account = /** @type {Account} */ (this.accounts.get(id));
      account.isMember = false;
      account.history.push({ what: "removed", ...change });
      for (const epoch of this.epochs.values()) if (epoch.recipients.has(account.ordinal)) epoch.stale = true; // [MSG-3]
    }
    for (const key of add) this.#add(key, { what: "added", ...change });
  }

  /**
   * @param {PublicKey} key
   * @param {Change} change
   */
  #add(key, change) {
    let account = this.accounts.get(key.account);
    if (!account) {
      account = { account: key.account, ordinal: this.roster.length, key, isMember: true, seq: 0, seen: 0, cards: [], history: [] };
      this.accounts.set(key.account, account);
      this.roster.push(account);
    }
    account.isMember = true; // [ROST-9] `seq` and `seen` go on
    account.history.push(change);
    return account;
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeCard({ block }, author) {
    checkCard(block.entry.body.x25519);
    author.cards.push({ index: block.index, x25519: block.entry.body.x25519 });
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeEpoch({ block, id }, author) {
    const { body, seen } = block.entry;
    const wraps = this.#recipients(body.wraps, seen.size);
    if (!wraps.some(({ recipient }) => recipient === author.ordinal)) throw refusal("bad_recipient", "An epoch's author is none of its recipients."); // [EPOCH-4]
    const epoch = new Epoch(id, block.index, block.time, author.ordinal, body.commitment);
    for (const wrap of wraps) epoch.wrapped(author.ordinal, wrap.recipient, wrap.card);
    this.epochs.set(id, epoch);
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeShare({ block }, author) {
    const { body, seen } = block.entry;
    const epoch = this.#epochFor(body.epoch, author); // [SHARE-1] [SHARE-2]
    const wraps = this.#recipients(body.wraps, seen.size);
    if (wraps.some(({ recipient, card }) => epoch.hasWrapped(author.ordinal, recipient, card))) {
      throw refusal("bad_recipient", "A share wraps for somebody what its author has wrapped for them before."); // [SHARE-3]
    }
    for (const wrap of wraps) epoch.wrapped(author.ordinal, wrap.recipient, wrap.card);
  }

  /**
   * [EPOCH-1] [EPOCH-2] [EPOCH-3] [EPOCH-5]
   *
   * @param {import("./form.js").Wrap[]} wraps
   * @param {number} seen
   * @returns {{ recipient: number, card: number }[]} ordinals, and the indices of the cards
   */
  #recipients(wraps, seen) {
    const bad = (/** @type {string} */ why) => refusal("bad_recipient", `An epoch or share ${why}.`);
    if (!wraps.length) throw bad("has no wrap");
    if (new Set(wraps.map(({ member }) => member)).size !== wraps.length) throw bad("names a recipient twice");
    return wraps.map(({ member }) => {
      const account = this.accounts.get(member);
      if (!account?.isMember) throw bad("is for somebody who is not on the roster");
      const card = this.cardOf(account, seen);
      if (!card) throw bad("is for somebody who has no card yet");
      return { recipient: account.ordinal, card: card.index };
    });
  }

  /**
   * @param {Account} account
   * @param {number} [size] of the prefix in which its last card is looked for
   */
  cardOf(account, size = this.size) {
    return account.cards.findLast(({ index }) => index < size);
  }

  /**
   * Whether an epoch is wrapped for a card that its recipient has replaced by one of another value: who has the old key reads along. [ENC-19] A wrap
   * for the new card takes that one back from nobody.
   *
   * @param {Epoch} epoch
   */
  hasOldCard(epoch) {
    return [...epoch.wraps].some((wrap) => {
      const [, recipient, card] = wrap.split(" ").map(Number);
      const account = this.roster[recipient];
      return this.cardOf(account, card + 1)?.x25519 !== this.cardOf(account)?.x25519;
    });
  }

  /**
   * @param {string} id
   * @param {Account} author
   */
  #epochFor(id, author) {
    const epoch = this.epochs.get(id);
    if (!epoch) throw refusal("unknown_epoch", "An entry names an epoch that is not in the chain."); // [MSG-1]
    if (!epoch.recipients.has(author.ordinal)) throw refusal("not_recipient", "An entry is by somebody who is no recipient of its epoch."); // [MSG-2]
    return epoch;
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeMessage({ block, hasItsWords }, author) {
    const body = /** @type {import("./form.js").MessageBody} */ (block.entry.body);
    const epoch = this.#epochFor(body.epoch, author);
    if (epoch.stale) throw refusal("stale_epoch", "A message is written to somebody who was removed."); // [MSG-3]
    if (body.ciphertext === undefined) {
      this.gaps.add(block.index); // [RED-7]
    } else {
      const bad = (/** @type {string} */ why) => refusal("bad_ciphertext", `A message's ciphertext ${why}.`);
      if (!hasItsWords) throw bad("is not the one that was signed"); // [MSG-4]
      const length = bytesIn(body.ciphertext);
      if (length < 144 || (length - 16) % 128) throw bad("has a length that none has"); // [MSG-5]
    }
    epoch.messages++;
    this.messages.set(block.index, author.ordinal);
  }

  /**
   * @param {Examined} read
   * @param {Account} author
   */
  #takeRedaction({ block }, author) {
    const { index, reason } = /** @type {import("./form.js").RedactionBody} */ (block.entry.body);
    const by = this.messages.get(index);
    if (by === undefined || this.redactions.has(index))
      throw refusal("bad_redaction", "A redaction is of no message, or of one that is redacted already."); // [RED-1] [RED-2]
    if (author.account !== this.authority && author.ordinal !== by) throw refusal("not_authority", "A redaction is by somebody who may not."); // [RED-3]
    this.redactions.set(index, { by: author.account, reason, time: block.time, index: block.index });
    this.gaps.delete(index);
  }
}
