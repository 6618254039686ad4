/** What a server says of its chain, held against what the client holds: welcomes, checkpoints, receipts. */

import { encode } from "./bytes.js";
import { checkCheckpoint } from "./checkpoint.js";
import { DispatchError } from "./dispatch-error.js";

/** @typedef {import("./chain.js").Chain} Chain */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */

/** @param {string} why */
function fork(why) {
  return new DispatchError("fork", `The server shows two histories: ${why}. Nothing more is taken from it.`);
}

/** Blocks that are other ones than the server has shown or signed for before. */
export function contradicts() {
  return new DispatchError("fork", "The server shows another history than the one that it has shown and signed for before. Nothing more is taken from it.");
}

/**
 * [CHECK-7] To be called as soon as a welcome is verified, before its blocks.
 *
 * @param {number} size of the welcome
 * @param {number} have that was sent
 * @param {Checkpoint | null} kept the highest checkpoint that was verified
 */
export function checkSize(size, have, kept) {
  const held = Math.max(have, kept?.size ?? 0);
  if (size < held) {
    throw new DispatchError(
      "rollback",
      `The server has ${size} blocks, and has shown ${held} before. It may have been restored from an old backup; ask its owner.`,
    );
  }
}

/**
 * [CHECK-10] To be called once the chain reaches the welcome's size.
 *
 * @param {Chain} chain
 * @param {{ size: number, head: string }} welcome
 */
export function checkHead(chain, { size, head }) {
  if (size <= chain.size && chain.tree.head(size) !== head) throw fork("its welcome names another head than its blocks have");
}

/**
 * Whether a checkpoint describes a prefix of the chain, as far as that is held.
 *
 * @param {Chain} chain
 * @param {Checkpoint} checkpoint
 */
export function agrees(chain, { size, head, root }) {
  return size > chain.size || (chain.tree.head(size) === head && encode(chain.tree.root(size)) === root);
}

/**
 * [CHECK-6] [CHECK-8] [CHECK-11]
 *
 * @param {Chain} chain which holds genesis
 * @param {Checkpoint} checkpoint
 * @param {Checkpoint | null} kept
 */
export async function checkAgainst(chain, checkpoint, kept) {
  if (!chain.serverKey) throw new DispatchError("bad_checkpoint", "A checkpoint came before the first block.");
  await checkCheckpoint(checkpoint, chain.serverKey, chain.community);
  if (kept && kept.size === checkpoint.size && (kept.head !== checkpoint.head || kept.root !== checkpoint.root)) {
    throw fork("two checkpoints of one size differ");
  }
  if (!agrees(chain, checkpoint)) throw fork("a checkpoint contradicts the blocks");
  if (kept && !agrees(chain, kept)) throw fork("the blocks contradict a checkpoint that it signed before");
}

/**
 * [CHAIN-11]
 *
 * @param {{ index: number, hash: string }} accepted
 * @param {string} entry id of the entry that was submitted
 * @param {{ hash: string, id: string }} held the block at that index: its hash and its entry's id
 */
export function checkReceipt(accepted, entry, held) {
  if (held.hash !== accepted.hash || held.id !== entry) throw fork("where it said that our entry stands there is another");
}

/**
 * [ENC-11] [ENC-19] Whether a client that holds this chain, and no more, may still write under an epoch of it.
 *
 * @param {Chain} chain
 * @param {import("./epoch.js").Epoch} epoch
 */
export function checkWritable(chain, epoch) {
  if (epoch.stale) throw new DispatchError("stale_epoch", "One of its recipients was removed: a new epoch is due.");
  if (chain.hasOldCard(epoch)) throw new DispatchError("old_card", "One of its recipients has another card since: a new epoch is due.");
}

/**
 * [RED-8] To be called once the chain reaches the size of a welcome that was asked for after the gap's block came.
 *
 * @param {Chain} chain
 * @param {number} [before] gaps in blocks of this index and above may still be filled
 */
export function checkGaps(chain, before = chain.size) {
  for (const index of chain.gaps) {
    if (index < before)
      throw new DispatchError("unredacted_gap", `The words of the message in block ${index} are missing, and nobody has redacted them.`);
  }
}
