/** What can be proven of a server's two histories: from signed checkpoints, and a tree that leads to the larger of them. */

import { encode } from "./bytes.js";
import { evidenceFile } from "./evidence.js";

/** @typedef {import("./form.js").Block} Block */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./merkle.js").Tree} Tree */

/**
 * @param {Block} genesis
 * @param {Checkpoint | null} one signed, and of this community
 * @param {Checkpoint | null} other the same
 * @param {Tree[]} trees over the chains that were shown
 * @returns {string | null} the text of an evidence file, if the two checkpoints prove a fork
 */
export function accuse(genesis, one, other, trees) {
  if (!one || !other) return null;
  const [first, second] = one.size <= other.size ? [one, other] : [other, one];
  if (first.size === second.size) {
    return first.head !== second.head || first.root !== second.root ? evidenceFile(genesis, first, second) : null;
  }
  const tree = trees.find((each) => each.size >= second.size && encode(each.root(second.size)) === second.root);
  if (!tree) return null;
  const hash = tree.hash(first.size - 1);
  if (encode(hash) === first.head) return null;
  return evidenceFile(genesis, first, second, { hash, path: tree.inclusion(first.size - 1, second.size) });
}
