/** Evidence: two signed checkpoints that cannot both describe one chain. Anyone can check it offline. */

import { decode, encode } from "./bytes.js";
import { Chain } from "./chain.js";
import { checkCheckpoint } from "./checkpoint.js";
import { DispatchError } from "./dispatch-error.js";
import { block, bytes, checkpoint, list, object, text } from "./form.js";
import { readJson, SERVER_FRAME } from "./json.js";
import { checkInclusion } from "./merkle.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {{ block_hash: string, path: string[] }} Inclusion */
/** @typedef {{ format: string, genesis: import("./form.js").Block, first: Checkpoint, second: Checkpoint, inclusion?: Inclusion }} Evidence */

export const EVIDENCE_FORMAT = "dispatch-d/1 evidence";

/** @type {import("./form.js").Form<Evidence>} */
const form = object({
  format: text(),
  genesis: block,
  first: checkpoint,
  second: checkpoint,
  "inclusion?": object({ block_hash: bytes(32), path: list(bytes(32)) }),
});

/**
 * [EVID-1] [EVID-3]
 *
 * @param {string | Uint8Array} file
 * @returns {Promise<{ community: string }>} whose server is convicted; rejects with `bad_evidence`
 */
export async function verifyEvidence(file) {
  try {
    return { community: await convicted(form(readJson(file, SERVER_FRAME), false)) };
  } catch (error) {
    if (!(error instanceof DispatchError)) throw error;
    throw new DispatchError("bad_evidence", `This file proves no fork. ${error.message}`, { cause: error });
  }
}

/** @param {Evidence} evidence */
async function convicted({ format, genesis, first, second, inclusion }) {
  const refused = (/** @type {string} */ why) => new DispatchError("bad_evidence", why);
  if (format !== EVIDENCE_FORMAT) throw refused("It is of another format.");
  const chain = new Chain();
  await chain.take([genesis]);
  const serverKey = /** @type {import("./public-key.js").PublicKey} */ (chain.serverKey);
  for (const each of [first, second]) await checkCheckpoint(each, serverKey, chain.community);
  if (first.size > second.size) throw refused("Its checkpoints stand in the wrong order.");
  if (first.size === second.size && (first.head !== second.head || first.root !== second.root)) return chain.community;
  if (!inclusion) throw refused("Both checkpoints can be of one chain.");
  const path = inclusion.path.map((hash) => decode(hash, 32));
  checkInclusion(first.size - 1, second.size, decode(inclusion.block_hash, 32), path, decode(second.root, 32));
  if (inclusion.block_hash === first.head) throw refused("The second checkpoint extends the first.");
  return chain.community;
}

/**
 * @param {import("./form.js").Block} genesis
 * @param {Checkpoint} one
 * @param {Checkpoint} other
 * @param {{ hash: Uint8Array, path: Uint8Array[] }} [inclusion] of the block at the smaller one's last index in the tree of the larger one
 * @returns {string} the file's text
 */
export function evidenceFile(genesis, one, other, inclusion) {
  const [first, second] = one.size <= other.size ? [one, other] : [other, one];
  /** @type {Evidence} */
  const file = { format: EVIDENCE_FORMAT, genesis, first, second };
  if (inclusion) file.inclusion = { block_hash: encode(inclusion.hash), path: inclusion.path.map(encode) };
  return `${JSON.stringify(file, null, 2)}\n`;
}
