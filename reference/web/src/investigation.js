/**
 * After something did not verify: which name it deserves, and what can be proven. Where the server shows another chain than is held, that one is
 * read once more from its beginning, into a tree and nowhere else: it is not shown as the community's. [CHECK-12]
 */

import { accuse } from "./accusation.js";
import { checkCheckpoint } from "./checkpoint.js";
import { Connection } from "./connection.js";
import { DispatchError, Said } from "./dispatch-error.js";
import { readBlock } from "./entry.js";
import { Tree } from "./merkle.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */

/** What a block, a welcome or a checkpoint of another story is refused with. */
const OF_ANOTHER_STORY = new Set(["fork", "unknown_have", "rollback", "bad_index", "bad_prev", "bad_seen", "bad_seq"]);

export class Investigation {
  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {() => Promise<import("./connection.js").Dialled>} prepare
   * @param {AbortSignal} signal
   */
  constructor(ledger, prepare, signal) {
    this.ledger = ledger;
    this.prepare = prepare;
    this.signal = signal;
  }

  /**
   * @param {DispatchError & { checkpoint?: Checkpoint }} error
   * @returns {Promise<{ code: string, text: string, evidence: string | null }>}
   */
  async of(error) {
    const { code, message: text } = error;
    if (!OF_ANOTHER_STORY.has(code)) return { code, text, evidence: null };
    const ours = this.ledger.chain.tree;
    const genesis = (await this.ledger.store.get("blocks", [this.ledger.community, 0]))?.block;
    const atHand = genesis ? accuse(genesis, this.ledger.checkpoint, error.checkpoint ?? null, [ours]) : null;
    if (atHand) return { code, text, evidence: atHand };
    const shown = await this.#readAgain().catch(() => null);
    if (!shown) return code === "unknown_have" ? { ...REWRITTEN, evidence: null } : { code, text, evidence: null };
    const evidence = genesis ? accuse(genesis, this.ledger.checkpoint, shown.checkpoint, [shown.tree, ours]) : null;
    if (evidence) return { ...REWRITTEN, evidence };
    if (code !== "unknown_have") return { code, text, evidence };
    const { size } = shown.tree;
    const isPrefix = size < ours.size && size > 0 && shown.tree.head(size) === ours.head(size);
    return { ...(isPrefix ? SHORTER : REWRITTEN), evidence };
  }

  /**
   * Joins as if nothing was held, and reads the hashes of what is shown then.
   *
   * @returns {Promise<{ tree: Tree, checkpoint: Checkpoint }>}
   */
  async #readAgain() {
    const dialled = { ...(await this.prepare()), granted: null };
    const nothing = () => {};
    const host = {
      ledger: this.ledger,
      challenged: nothing,
      joined: nothing,
      syncing: nothing,
      taken: async () => {},
      synced: nothing,
      covered: nothing,
    };
    const connection = await Connection.open(dialled, host, this.signal);
    try {
      const welcome = await connection.join({ size: 0, hash: "" });
      await checkCheckpoint(welcome.checkpoint, dialled.serverKey, this.ledger.community);
      const tree = new Tree();
      while (tree.size < welcome.size) {
        const frame = await connection.next();
        if (frame.type === "bye") throw new Said(frame);
        if (frame.type !== "blocks") continue;
        for (const block of frame.blocks) tree.append(readBlock(block).hash);
      }
      return { tree, checkpoint: welcome.checkpoint };
    } finally {
      connection.fail(new DispatchError("closed", "What was to be read is read."));
    }
  }
}

const REWRITTEN = {
  code: "fork",
  text: "The server has put other entries in the place of those that it has shown before. Nothing more is taken from it: ask the owner, and compare with other members.",
};
const SHORTER = {
  code: "rollback",
  text: "The server shows less than it has shown before. It may have been restored from an old backup; ask its owner.",
};
