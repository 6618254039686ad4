/**
 * What is known of the chain, whatever becomes of it in the store: what the server has signed for, and how far it was verified here. What is fetched
 * again after damage, or for the first time with a backup, has to agree with both. [CHECK-7] [CHECK-8]
 */

import { equal, utf8 } from "./bytes.js";
import { agrees, checkAgainst, contradicts } from "./chain-view.js";
import { checkCheckpoint } from "./checkpoint.js";
import { H } from "./tuple.js";

/** @typedef {import("./chain.js").Chain} Chain */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./public-key.js").PublicKey} PublicKey */
/** The chain's size and head, as they were verified. @typedef {{ size: number, head: string }} Pin */

export class Witness {
  /** The highest that was verified. @type {Checkpoint | null} */
  checkpoint = null;
  /** Out of backups: what another device has verified, and this one has not yet. @type {Checkpoint[]} */
  claimed = [];
  /** Proven to extend what is held, with blocks that are not there yet. [CHECK-20] @type {Checkpoint | null} */
  promised = null;
  /** @type {Pin | null} */
  pin = null;

  /**
   * @param {import("./store/keys.js").Store} store
   * @param {string} community
   */
  constructor(store, community) {
    this.store = store;
    this.community = community;
  }

  async open() {
    this.checkpoint = (await this.store.get("facts", [this.community, "checkpoint"])) ?? null;
    this.promised = (await this.store.get("facts", [this.community, "promised"])) ?? null;
    this.pin = readPin(await this.store.get("facts", [this.community, "pin"]));
    await this.readClaimed();
  }

  async readClaimed() {
    this.claimed = (await this.store.get("facts", [this.community, "claimed"])) ?? [];
  }

  /** So many blocks were verified here, or by another device. */
  get size() {
    return Math.max(this.checkpoint?.size ?? 0, this.pin?.size ?? 0);
  }

  /** So many blocks the server is known to have. [CHECK-7] */
  get known() {
    return Math.max(this.size, this.promised?.size ?? 0);
  }

  /**
   * @param {Chain} chain
   * @returns {boolean} whether it is, as far as it is held, what is known
   */
  agrees(chain) {
    const { checkpoint, pin } = this;
    if (checkpoint && !agrees(chain, checkpoint)) return false;
    return !pin || pin.size > chain.size || chain.tree.head(pin.size) === pin.head;
  }

  /**
   * What is to be kept of a pin. It has a sum, for one that was damaged would accuse an honest server.
   *
   * @param {Pin} pin
   * @returns {import("./store/keys.js").StoreChange}
   */
  change({ size, head }) {
    return { table: "facts", key: [this.community, "pin"], value: { size, head, sum: sumOf({ size, head }) } };
  }

  /**
   * Verifies a checkpoint and keeps it if it is the highest. [CHECK-11]
   *
   * @param {Checkpoint} checkpoint
   * @param {Chain} chain
   * @returns {Promise<boolean>} whether it is the highest now
   */
  async take(checkpoint, chain) {
    await checkAgainst(chain, checkpoint, this.checkpoint);
    if (this.promised && this.promised.size <= chain.size) {
      if (!agrees(chain, this.promised)) throw Object.assign(contradicts(), { checkpoint: this.promised });
      await this.#promise(null);
    }
    if (checkpoint.size > chain.size || (this.checkpoint && checkpoint.size <= this.checkpoint.size)) return false;
    await this.#keep(checkpoint);
    return true;
  }

  /**
   * Holds the server to a checkpoint whose blocks are to come, over connections and starts.
   *
   * @param {Checkpoint} checkpoint that was verified
   */
  async promise(checkpoint) {
    if (checkpoint.size > this.known) await this.#promise(checkpoint);
  }

  /** @param {Checkpoint | null} checkpoint */
  async #promise(checkpoint) {
    await this.store.commit([{ table: "facts", key: [this.community, "promised"], value: checkpoint ?? undefined }]);
    this.promised = checkpoint;
  }

  /** @param {Checkpoint | null} checkpoint */
  async #keep(checkpoint) {
    await this.store.commit([{ table: "facts", key: [this.community, "checkpoint"], value: checkpoint ?? undefined }]);
    this.checkpoint = checkpoint;
  }

  /**
   * Once genesis is known. A kept checkpoint that is ahead of the chain, and does not verify, was damaged in the store. [BACKUP-7] What verifies of the
   * claimed ones counts as if it had been verified here; the rest is nothing.
   *
   * @param {PublicKey} serverKey
   * @param {Chain} chain
   */
  async check(serverKey, chain) {
    const isSigned = (/** @type {Checkpoint} */ checkpoint) =>
      checkCheckpoint(checkpoint, serverKey, this.community).then(
        () => true,
        () => false,
      );
    if (this.checkpoint && this.checkpoint.size > chain.size && !(await isSigned(this.checkpoint))) await this.#keep(null);
    if (this.promised && !(await isSigned(this.promised))) await this.#promise(null);
    if (!this.claimed.length) return;
    for (const claim of this.claimed) {
      if (!(await isSigned(claim))) continue;
      if (chain.size && !agrees(chain, claim)) throw Object.assign(contradicts(), { checkpoint: claim });
      if (claim.size > (this.checkpoint?.size ?? 0)) await this.#keep(claim);
    }
    await this.store.commit([{ table: "facts", key: [this.community, "claimed"] }]);
    this.claimed = [];
  }
}

/** @param {Pin} pin */
function sumOf({ size, head }) {
  return H(utf8(`${size} ${head}`));
}

/**
 * @param {any} kept
 * @returns {Pin | null}
 */
function readPin(kept) {
  const isWhole = kept?.sum instanceof Uint8Array && equal(kept.sum, sumOf(kept));
  return isWhole ? { size: kept.size, head: kept.head } : null;
}
