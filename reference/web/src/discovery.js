/** The discovery document: limits, and the genesis that an invitation pins before anybody says who they are. */

import { Chain } from "./chain.js";
import { DispatchError } from "./dispatch-error.js";
import { readDiscovery } from "./frame.js";

/** @typedef {import("./form.js").Discovery} Discovery */

const LARGEST = 1 << 20;

/**
 * @param {string} origin
 * @param {string} community that is wanted
 * @param {typeof fetch} fetchIt
 * @param {AbortSignal} signal
 * @returns {Promise<{ document: Discovery, genesis: Chain }>} `genesis`: the chain of block 0 alone
 */
export async function discover(origin, community, fetchIt, signal) {
  const unreachable = (/** @type {string} */ why, /** @type {unknown} */ cause) => new DispatchError("unreachable", why, { cause });
  let text;
  try {
    // [SESS-18] No redirect is followed.
    const response = await fetchIt(`${origin}/.well-known/dispatch-d`, { redirect: "error", cache: "no-store", credentials: "omit", signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    text = await response.text();
    if (text.length > LARGEST) throw new Error("a document that is far too long");
  } catch (error) {
    throw unreachable("The server cannot be reached.", error);
  }
  const document = readDiscovery(text);
  if (document.community !== community) throw wrongGenesis();
  if (!document.versions.includes("dispatch-d/1"))
    throw new DispatchError("unknown_version", "The server speaks another version of the protocol. Use a newer client.");
  const genesis = new Chain(community);
  await genesis.take([document.genesis]); // [GEN-1] [GEN-3] [JOIN-20]
  return { document, genesis };
}

function wrongGenesis() {
  return new DispatchError(
    "wrong_genesis",
    "The server at this address serves another community than the invitation names. Ask for a new invitation.",
  );
}
