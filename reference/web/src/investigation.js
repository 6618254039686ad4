/**
 * After something did not verify: which name it deserves, and what can be proven. Where the server shows another chain than is held, that one is
 * read once more from its beginning, into a tree and nowhere else: it is not shown as the community's. [CHECK-12] Whoever lies may let us wait
 * for it as well, so what was found is told before anything is read, and the reading has an end.
 */

import { accuse } from "./accusation.js";
import { checkCheckpoint } from "./checkpoint.js";
import { Connection } from "./connection.js";
import { DispatchError } from "./dispatch-error.js";
import { readBlock } from "./entry.js";
import { Tree } from "./merkle.js";

/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */

/** What a block, a welcome or a checkpoint of another story is refused with. */
const OF_ANOTHER_STORY = new Set(["fork", "unknown_have", "rollback", "bad_consistency", "bad_index", "bad_prev", "bad_seen", "bad_seq"]);

/** How long a server may take to show its other story, all in all. */
const DEADLINE_MS = 120_000;

/** @typedef {{ code: string, text: string, evidence: string | null }} Found */

export class Investigation {
  /** @type {Block | undefined} of genesis */
  #genesis;

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {(signal: AbortSignal) => Promise<import("./connection.js").Dialled>} prepare
   * @param {AbortSignal} signal
   */
  constructor(ledger, prepare, signal) {
    this.ledger = ledger;
    this.prepare = prepare;
    this.signal = signal;
  }

  /**
   * @param {DispatchError & { checkpoint?: Checkpoint }} error
   * @returns {Promise<Found>} what can be said without the server
   */
  async atHand(error) {
    const { code, message: text } = error;
    if (!OF_ANOTHER_STORY.has(code)) return { code, text, evidence: null };
    this.#genesis = (await this.ledger.store.get("blocks", [this.ledger.community, 0]).catch(() => undefined))?.block ?? this.ledger.genesis ?? undefined;
    const evidence = this.#accuse(error.checkpoint ?? null, [this.ledger.chain.tree]);
    if (code === "bad_consistency" && evidence) return { ...REWRITTEN, evidence }; // that there is no proof, is proven
    return { ...(code === "unknown_have" ? DENIED : { code, text }), evidence };
  }

  /**
   * @param {DispatchError} error
   * @returns {Promise<Found | null>} what more the server itself shows, if it does within the deadline
   */
  async further({ code }) {
    if (!OF_ANOTHER_STORY.has(code)) return null;
    const ours = this.ledger.chain.tree;
    const shown = await this.#readAgain().catch(() => null);
    if (!shown) return null;
    const evidence = this.#accuse(shown.checkpoint, [shown.tree, ours]);
    if (evidence) return { ...REWRITTEN, evidence };
    if (code !== "unknown_have" || !shown.isWhole) return null;
    const { size } = shown.tree;
    const isPrefix = size < ours.size && size > 0 && shown.tree.head(size) === ours.head(size);
    return { ...(isPrefix ? SHORTER : REWRITTEN), evidence };
  }

  /**
   * @param {Checkpoint | null} checkpoint of the other story
   * @param {Tree[]} trees
   */
  #accuse(checkpoint, trees) {
    const genesis = this.#genesis;
    const { checkpoint: kept, promised } = this.ledger.witness;
    return genesis ? (accuse(genesis, kept, checkpoint, trees) ?? accuse(genesis, promised, checkpoint, trees)) : null;
  }

  /**
   * Joins as if nothing was held, and reads the hashes of what is shown then, as far as they prove anything.
   *
   * @returns {Promise<{ tree: Tree, checkpoint: Checkpoint, isWhole: boolean }>}
   */
  async #readAgain() {
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(DEADLINE_MS)]);
    const dialled = { ...(await this.prepare(signal)), granted: null };
    const nothing = () => {};
    const host = {
      ledger: this.ledger,
      challenged: nothing,
      joined: nothing,
      syncing: nothing,
      promised: nothing,
      taken: async () => {},
      synced: nothing,
      covered: nothing,
      repaired: nothing,
    };
    const connection = await Connection.open(dialled, host, signal);
    try {
      const { size, checkpoint } = await connection.join({ size: 0, hash: "" });
      await checkCheckpoint(checkpoint, dialled.serverKey, this.ledger.community);
      const tree = new Tree();
      const enough = Math.min(size, Math.max(this.ledger.chain.size, checkpoint.size));
      // Where it shows no more, what it has shown and signed may do.
      await readBlocks(connection, tree, enough).catch(nothing);
      return { tree, checkpoint, isWhole: tree.size >= size };
    } finally {
      connection.fail(new DispatchError("closed", "What was to be read is read."));
    }
  }
}

/**
 * @param {Connection} connection
 * @param {Tree} tree
 * @param {number} size at which the tree is large enough
 */
async function readBlocks(connection, tree, size) {
  while (tree.size < size) {
    const { blocks } = await connection.nextOf("blocks");
    for (const block of blocks) tree.append(readBlock(block).hash);
  }
}

const DENIED = {
  code: "rollback",
  text: "The server no longer knows what it has shown before. It may have been restored from an old backup, or it hides something; ask its owner, and compare with other members.",
};
const REWRITTEN = {
  code: "fork",
  text: "The server has put other entries in the place of those that it has shown before. Nothing more is taken from it: ask the owner, and compare with other members.",
};
const SHORTER = {
  code: "rollback",
  text: "The server shows less than it has shown before. It may have been restored from an old backup; ask its owner.",
};
