/**
 * The verified chain of one community and what is kept of it. Blocks go in by `take`; whatever was taken is in the store before `take` is done.
 *
 * A crash leaves the blocks of whole commits behind, and a snapshot that is older: at the next start the blocks behind the snapshot are verified
 * again. What does not fit its sum or its hash is dropped and fetched anew; keys, unsent entries, findings and the highest checkpoint stay.
 */

import { encode } from "./bytes.js";
import { contradicts } from "./chain-view.js";
import { Chain } from "./chain.js";
import { DispatchError } from "./dispatch-error.js";
import { readBlock } from "./entry.js";
import { hasItsWords } from "./examine.js";
import * as form from "./form.js";
import { loadSnapshot, saveSnapshot } from "./snapshot.js";
import { LAST } from "./store/keys.js";
import { Timeline } from "./timeline.js";
import { Witness } from "./witness.js";

/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./store/keys.js").StoreChange} StoreChange */
/** @typedef {{ block: Block, id: string, conversation?: string, number?: number }} Kept a block in the store */
/** What a taken block meant. @typedef {{ block: Block, id: string, hash: string, conversation?: string, number?: number }} Taken */

/** So many blocks are verified between two breaths of the page. */
const BREATH = 64;
/** So many blocks may be verified again at a start. */
const BETWEEN_SNAPSHOTS = 512;
/** Tables that the chain alone fills: they can be fetched again. */
const OF_CHAIN = ["pages", "blocks", "entries", "wraps", "messages"];

export class Ledger {
  chain;
  timeline;
  /** @type {string | null} what was damaged at the last `open` */
  damage = null;
  /** Ids of entries that were verified and are not reported yet. @type {Set<string>} */
  coming = new Set();
  /** Where what is kept was found to be damaged: from this block on it is fetched again. @type {number | null} */
  damagedFrom = null;
  /** Of this community, once it was verified. @type {Block | null} */
  genesis = null;
  #contradicted = false;
  #snapshotSize = 0;
  #stale = false;

  /**
   * @param {import("./store/keys.js").Store} store
   * @param {string} community
   * @param {string | null} account whose wraps are kept
   */
  constructor(store, community, account) {
    this.store = store;
    this.community = community;
    this.account = account;
    this.chain = new Chain(community);
    this.timeline = new Timeline(account);
    this.witness = new Witness(store, community);
  }

  /** Reads what is kept, or what is good of it. */
  async open() {
    this.damage = null;
    await this.witness.open();
    try {
      await this.#load();
    } catch (error) {
      const lost = error instanceof DispatchError && error.code === "closed";
      if (lost) throw error;
      await this.forget(error instanceof Error ? error.message : String(error));
    }
    this.#stale = false;
  }

  async #load() {
    const { community, store } = this;
    const snapshot = await store.get("facts", [community, "snapshot"]);
    this.chain = new Chain(community);
    this.timeline = new Timeline(this.account);
    this.#snapshotSize = 0;
    if (snapshot) {
      const pages = await store.range("pages", [community, 0], [community, LAST]);
      const loaded = loadSnapshot(
        community,
        this.account,
        snapshot,
        pages.map(({ value }) => value),
        this.checkpoint,
      );
      this.chain = loaded.chain;
      this.timeline = loaded.timeline;
      this.#snapshotSize = this.chain.size;
    }
    for (;;) {
      const rows = await store.range("blocks", [community, this.chain.size], [community, LAST], { limit: BREATH });
      if (!rows.length) break;
      const blocks = rows.map(({ value }) => form.block(value.block, false));
      await this.chain.take(blocks, (read) => void this.timeline.take(this.chain, read));
    }
    if (!this.witness.agrees(this.chain)) throw new DispatchError("store_damaged", "What is kept of the community is not what was verified. It is fetched and verified again.");
    if (this.chain.size < (this.witness.pin?.size ?? 0)) this.damage = "The newest of what is kept of the community is missing. It is fetched and verified again.";
    await this.#loadMarks();
  }

  /** What was read outlives a snapshot, and the chain's being fetched again. */
  async #loadMarks() {
    for (const { key, value } of await this.store.range("marks", [this.community], [this.community, LAST])) this.timeline.marks.set(key[1], value);
  }

  /**
   * Drops what the chain alone fills, to fetch it again. [CHECK-7] The highest checkpoint stays, and how far it was verified, so no other
   * chain can take the place of this one.
   *
   * @param {string} why
   */
  async forget(why) {
    const { community } = this;
    this.damage = why;
    /** @type {StoreChange[]} */
    const changes = OF_CHAIN.map((table) => ({ table, lower: [community], upper: [community, LAST, LAST, LAST] }));
    await this.store.commit([...changes, { table: "facts", key: [community, "snapshot"] }]);
    this.chain = new Chain(community);
    this.timeline = new Timeline(this.account);
    await this.#loadMarks();
    this.#snapshotSize = 0;
    this.#contradicted = false;
    this.damagedFrom = null;
  }

  /** @returns {Checkpoint | null} the highest that was verified */
  get checkpoint() {
    return this.witness.checkpoint;
  }

  /** Whether the chain has reached what is known of it, and is that. Before, it is not shown. */
  get isProven() {
    return !this.#contradicted && this.chain.size >= this.witness.size;
  }

  /** What may be shown of the community. @returns {{ chain: Chain, timeline: Timeline }} */
  get shown() {
    return this.isProven ? this : { chain: new Chain(this.community), timeline: new Timeline(this.account) };
  }

  /** Whether a commit failed, so that what is in memory is ahead of the store. */
  get isAhead() {
    return this.#stale;
  }

  /** Reads the store again, if what is in memory is ahead of it. */
  async settle() {
    if (this.#contradicted) {
      await this.forget("");
      this.damage = null;
    }
    if (!this.#stale) return;
    this.#settling ??= this.open().finally(() => {
      this.#settling = null;
    });
    await this.#settling;
  }

  /** @type {Promise<void> | null} */
  #settling = null;

  /**
   * Verifies blocks and keeps them. [CHAIN-12] Where one is refused, those before it are kept, and nothing after.
   *
   * @param {Block[]} blocks
   * @param {(taken: Taken[]) => Promise<void>} report called for each breath's blocks, once they are kept and may be shown; with none before
   * @param {(import("./examine.js").Examined | null)[]} [examined] what another thread has found of them
   */
  async take(blocks, report, examined) {
    for (let at = 0; at < blocks.length; at += BREATH) {
      /** @type {Taken[]} */
      const taken = [];
      /** @type {unknown} */
      let refusal = null;
      const { size } = this.chain;
      const wasProven = this.isProven;
      try {
        const keep = (/** @type {import("./examine.js").Examined} */ read) => {
          const place = this.timeline.take(this.chain, read);
          const where = place ? { conversation: place.thread.key, number: place.number } : {};
          this.coming.add(read.id);
          taken.push({ block: read.block, id: read.id, hash: encode(read.hash), ...where });
        };
        await this.chain.take(blocks.slice(at, at + BREATH), keep, examined?.slice(at, at + BREATH));
      } catch (error) {
        refusal = error;
      }
      if (size === 0 && taken.length) this.genesis = taken[0].block;
      if (!wasProven && !this.witness.agrees(this.chain)) {
        this.#contradicted = true;
        this.coming.clear();
        throw contradicts();
      }
      try {
        await this.#keep(taken);
        if (!this.isProven) await report([]);
        else if (!wasProven) await this.#reportKept(report);
        else if (taken.length) await report(taken);
      } catch (error) {
        await this.settle();
        throw error;
      } finally {
        this.coming.clear();
      }
      if (refusal) throw refusal;
      await breath();
    }
  }

  /** @param {(taken: Taken[]) => Promise<void>} report of all that was kept and not shown */
  async #reportKept(report) {
    const { chain, community, store } = this;
    for (let at = 0; at < chain.size; at += BREATH) {
      const rows = await store.range("blocks", [community, at], [community, at + BREATH]);
      await report(rows.map(({ value }) => ({ ...value, hash: encode(chain.tree.hash(value.block.index)) })));
    }
  }

  /**
   * Puts blocks that are held, and come again, in the place of what was damaged of them. Only what was verified before is taken. [CHECK-8]
   *
   * @param {Block[]} blocks
   * @returns {Promise<Set<string>>} keys of the conversations that have words back
   */
  async repair(blocks) {
    const { chain, community, store } = this;
    /** @type {Set<string>} */
    const repaired = new Set();
    for (const block of blocks) {
      const { id, hash } = readBlock(block);
      if (encode(hash) !== encode(chain.tree.hash(block.index))) throw contradicts();
      const isKept = await this.block(block.index).then(
        () => true,
        () => false,
      );
      if (isKept) continue;
      const conversation = block.entry.kind === "message" ? chain.epochs.get(block.entry.body.epoch)?.conversation : null;
      const isRemoved = chain.redactions.has(block.index);
      if (!hasItsWords(block) || (conversation && !isRemoved && block.entry.body.ciphertext === undefined)) throw wordless(block.index);
      const numbers = conversation ? await store.range("messages", [community, conversation], [community, conversation, LAST]) : [];
      const number = numbers.find(({ value }) => value === block.index)?.key[2];
      const row = { block, id, ...(conversation ? { conversation, number } : {}) };
      await store.commit([{ table: "blocks", key: [community, block.index], value: isRemoved ? withoutWords(row) : row }]);
      if (conversation) repaired.add(conversation);
    }
    return repaired;
  }

  /** @param {Taken[]} taken */
  async #keep(taken) {
    if (!taken.length) return;
    const { community } = this;
    /** @type {Map<number, Kept>} */
    const rows = new Map();
    /** @type {StoreChange[]} */
    const changes = [];
    for (const { block, id, conversation, number } of taken) {
      rows.set(block.index, { block, id, ...(conversation === undefined ? {} : { conversation, number }) });
      if (conversation !== undefined) {
        changes.push({ table: "messages", key: [community, conversation, /** @type {number} */ (number)], value: block.index });
        changes.push({ table: "entries", key: [community, id], value: block.index });
      }
      changes.push(...this.#ownWraps(block, id));
      // [RED-6] The words go with the commit that brings the redaction.
      if (block.entry.kind === "redaction") {
        const index = block.entry.body.index;
        const row = rows.get(index) ?? (await this.store.get("blocks", [community, index]));
        if (row?.block?.entry?.body) rows.set(index, withoutWords(row));
        else changes.push({ table: "blocks", key: [community, index] }); // damaged: it is fetched again, without its words
      }
    }
    for (const [index, value] of rows) changes.push({ table: "blocks", key: [community, index], value });
    if (this.chain.size - this.#snapshotSize >= BETWEEN_SNAPSHOTS) changes.push(...this.#snapshot());
    const pin = this.isProven ? { size: this.chain.size, head: this.chain.head } : this.witness.pin;
    if (pin) changes.push(this.witness.change(pin));
    await this.#commit(changes);
    this.witness.pin = pin;
  }

  /**
   * What is wrapped for us.
   *
   * @param {Block} block
   * @param {string} id
   * @returns {StoreChange[]}
   */
  #ownWraps({ index, entry }, id) {
    const { account } = this;
    if ((entry.kind !== "epoch" && entry.kind !== "share") || account === null) return [];
    const own = entry.body.wraps.find((/** @type {form.Wrap} */ { member }) => member === account);
    const known = this.chain.accounts.get(account);
    if (!own || !known) return [];
    const card = this.chain.cardOf(known, entry.seen.size);
    const epoch = entry.kind === "epoch" ? id : entry.body.epoch;
    return [{ table: "wraps", key: [this.community, epoch, index], value: { author: entry.author, wrap: own.wrap, x25519: card?.x25519 } }];
  }

  #snapshot() {
    const changes = saveSnapshot(this.community, this.chain, this.timeline, this.#snapshotSize);
    this.#snapshotSize = this.chain.size;
    return changes;
  }

  /** Keeps a snapshot, if there is anything new; to be called when it is quiet. */
  async rest() {
    if (!this.#stale && this.chain.size > this.#snapshotSize) await this.#commit(this.#snapshot());
  }

  /**
   * @param {string} key
   * @param {number} number
   * @returns {Promise<boolean>} whether that is news
   */
  async markRead(key, number) {
    if (!this.timeline.markRead(key, number)) return false;
    await this.store.commit([{ table: "marks", key: [this.community, key], value: this.timeline.marks.get(key) }]);
    return true;
  }

  /** @param {StoreChange[]} changes */
  async #commit(changes) {
    try {
      await this.store.commit(changes);
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  /**
   * A block from the store, held against the verified chain.
   *
   * @param {number} index
   * @returns {Promise<Kept>} rejects with `store_damaged`
   */
  async block(index) {
    /** @type {Kept | undefined} */
    const row = await this.store.get("blocks", [this.community, index]);
    try {
      const block = form.block(row?.block, false);
      if (row && encode(readBlock(block).hash) === encode(this.chain.tree.hash(index)) && hasItsWords(block)) return { ...row, block };
    } catch {
      // What has no form is damaged as well.
    }
    throw new DispatchError("store_damaged", `What is kept of block ${index} was damaged. It is fetched and verified again.`);
  }
}

/** @param {number} index */
function wordless(index) {
  return new DispatchError("bad_ciphertext", `The words of the message in block ${index} are not those that were signed.`);
}

/**
 * @param {Kept} row
 * @returns {Kept}
 */
function withoutWords(row) {
  const { ciphertext: _, ...body } = row.block.entry.body;
  return { ...row, block: { ...row.block, entry: { ...row.block.entry, body } } };
}

/** Lets the page draw and the person type. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
