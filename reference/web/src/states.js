/** What becomes of a community when its connection ends, by the code that says why. */

import { Said } from "./dispatch-error.js";
import { LONGEST_PAUSE_MS } from "./pause.js";

/** @typedef {import("./dispatch-error.js").DispatchError} DispatchError */
/**
 * See README, State.
 *
 * @typedef {{ name: "offline" }
 *   | { name: "connecting", attempt: number }
 *   | { name: "joining" }
 *   | { name: "syncing", verified: number, target: number }
 *   | { name: "open", expiresAt: number }
 *   | { name: "waiting", retryAt: number, code: string, detail: string }
 *   | { name: "refused", code: string, detail: string, retryAt: number | null }
 *   | { name: "stopped", finding: import("./community.js").Finding }} State
 */

/** Asked again each minute, so that being added to the roster shows without a click. */
const ASK_AGAIN = new Set(["not_allowed", "removed"]);
/** Trying again makes no sense by itself: said by the server, or of our own. */
const SAID_FOR_GOOD = new Set(["wrong_origin", "bad_key", "unknown_version"]);
const OWN = new Set(["no_identity", "store_full", "store_damaged", "closed", "failed", "no_webcrypto", "unknown_version"]);
/** At once: nothing is wrong, a session's time was over, or the rest is to be asked for. */
const SAID_AT_ONCE = new Set(["session_expired", "bad_token"]);
/** What passes, when it is noticed here. */
const PASSES = new Set(["unreachable", "malformed", "behind"]);

const SHORTEST_MS = 500;
const LONGEST_MS = 60_000;
export const ASK_AGAIN_MS = 60_000;

/**
 * [CHAIN-12] Whatever was found to be wrong with a welcome, a checkpoint or a block is a finding, under each code that there is; what a server says
 * is none, but for a `have` that it does not know.
 *
 * @param {DispatchError} error
 * @returns {"finding" | "refused" | "ask again" | "at once" | "wait"}
 */
export function outcome(error) {
  const { code } = error;
  if (error instanceof Said) {
    if (code === "unknown_have") return "finding";
    if (ASK_AGAIN.has(code)) return "ask again";
    if (SAID_FOR_GOOD.has(code)) return "refused";
    return SAID_AT_ONCE.has(code) ? "at once" : "wait";
  }
  if (OWN.has(code)) return "refused";
  if (!PASSES.has(code)) return "finding";
  return code === "behind" ? "at once" : "wait";
}

/**
 * Doubling, from half a second to a minute, with jitter: when a server comes back, its whole community does.
 *
 * @param {number} failures in a row, from 1
 * @param {number} [retryAfter] in milliseconds, if the server said so
 * @param {() => number} [chance] from 0 to 1
 */
export function backoff(failures, retryAfter = 0, chance = Math.random) {
  const full = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures - 1, 10));
  return Math.round(Math.min(retryAfter, LONGEST_PAUSE_MS - LONGEST_MS) + full * (0.5 + chance() / 2));
}
