/** What becomes of a community when its connection ends, by the code that says why. */

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
 *   | { name: "refused", code: string, detail: string }
 *   | { name: "stopped", finding: import("./community.js").Finding }} State
 */

/** Asked again each minute, so that being added to the roster shows without a click. */
const ASK_AGAIN = new Set(["not_allowed", "removed"]);
/** Trying again makes no sense by itself. */
const REFUSED = new Set(["wrong_origin", "bad_key", "unknown_version", "no_identity", "store_full", "store_damaged", "closed", "failed", "no_webcrypto"]);
/** At once: nothing is wrong, a session's time was over, or the rest is to be asked for. */
const AT_ONCE = new Set(["session_expired", "bad_token", "behind"]);
/** What is found to be wrong with what the server says of its chain. [CHAIN-12] */
const FINDINGS = new Set([
  "fork", "rollback", "wrong_genesis", "unknown_have", "unknown_kind", "wrong_community", "bad_signature", "bad_seq", "bad_seen", "bad_genesis", "not_authority", "bad_roster", "bad_card",
  "bad_recipient", "unknown_epoch", "not_recipient", "stale_epoch", "bad_ciphertext", "bad_redaction", "bad_index", "bad_prev", "bad_time", "bad_checkpoint", "bad_welcome", "unredacted_gap",
]);

const SHORTEST_MS = 500;
const LONGEST_MS = 60_000;
export const ASK_AGAIN_MS = 60_000;

/**
 * @param {DispatchError & { fromServer?: boolean }} error
 * @returns {"finding" | "refused" | "ask again" | "at once" | "wait"}
 */
export function outcome({ code }) {
  if (FINDINGS.has(code)) return "finding";
  if (ASK_AGAIN.has(code)) return "ask again";
  if (REFUSED.has(code)) return "refused";
  return AT_ONCE.has(code) ? "at once" : "wait";
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
  return Math.round(retryAfter + full * (0.5 + chance() / 2));
}
