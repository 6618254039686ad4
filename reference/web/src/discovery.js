/** The discovery document: limits, and the genesis that an invitation pins before anybody says who they are. */

import { Chain } from "./chain.js";
import { DispatchError } from "./dispatch-error.js";
import { readDiscovery } from "./frame.js";
import { PATIENCE } from "./pulse.js";
import { textOf } from "./requests.js";

/** @typedef {import("./form.js").Discovery} Discovery */

const LARGEST = 1 << 20;

/** [LIM-5] @type {Record<keyof import("./form.js").Limits, [number, number]>} */
const BOUNDS = {
  frame_bytes: [65536, 524288],
  ciphertext_bytes: [144, 65536],
  wraps: [1, 1024],
  skew_ms: [1000, 86_400_000],
  session_ms: [1000, 2_592_000_000],
  challenge_ms: [1000, 60_000],
  checkpoint_ms: [10, 60_000],
};

/**
 * @param {string} origin
 * @param {string} community that is wanted
 * @param {typeof fetch} fetchIt
 * @param {AbortSignal} signal
 * @param {number} [patience] in milliseconds
 * @returns {Promise<{ document: Discovery, genesis: Chain }>} `genesis`: the chain of block 0 alone
 */
export async function discover(origin, community, fetchIt, signal, patience = PATIENCE.step) {
  const unreachable = (/** @type {string} */ why, /** @type {unknown} */ cause) => new DispatchError("unreachable", why, { cause });
  let text;
  try {
    // [SESS-18] No redirect is followed.
    const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    const response = await fetchIt(`${origin}/.well-known/dispatch-d`, { redirect: "error", cache: "no-store", credentials: "omit", signal: within });
    if (!response.ok) throw new Error(`status ${response.status}`);
    text = await textOf(response, LARGEST);
  } catch (error) {
    throw unreachable("The server cannot be reached.", error);
  }
  const document = readDiscovery(text);
  if (document.community !== community) throw wrongGenesis();
  if (!document.versions.includes("dispatch-d/1"))
    throw new DispatchError("unknown_version", "The server speaks another version of the protocol. Use a newer client.");
  checkLimits(document.limits);
  const genesis = new Chain(community);
  await genesis.take([document.genesis]); // [GEN-1] [GEN-3] [JOIN-20]
  return { document, genesis };
}

/** @param {import("./form.js").Limits} limits nothing signs for them, so they are believed within their bounds alone */
function checkLimits(limits) {
  for (const [name, [least, most]] of Object.entries(BOUNDS)) {
    const limit = limits[/** @type {keyof import("./form.js").Limits} */ (name)];
    if (limit < least || limit > most)
      throw new DispatchError("malformed", `The server's limit \`${name}\` is ${limit}, and may be ${least} to ${most}. Its owner has to set it right.`);
  }
}

function wrongGenesis() {
  return new DispatchError(
    "wrong_genesis",
    "The server at this address serves another community than the invitation names. Ask for a new invitation.",
  );
}
