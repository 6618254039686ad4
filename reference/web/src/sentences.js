/** Sentences for people about refusals: what is wrong, and what to do. */

import { DispatchError } from "./dispatch-error.js";

/**
 * @param {string} code
 * @param {string} detail the server's own words
 * @param {number | null} clockOffset the server's clock minus ours
 * @returns {string}
 */
export function explain(code, detail, clockOffset) {
  switch (code) {
    case "not_allowed":
      return "The owner has not let this account in yet. Hand them your public key, and this goes on by itself.";
    case "removed":
      return "The owner has removed this account. What was read before can still be read here.";
    case "wrong_origin":
      return "The server does not know this address as its own. Ask for a new invitation.";
    case "clock_skew":
      return explainClock(clockOffset ?? 0);
    default:
      return detail || `The server refused it (${code}).`;
  }
}

/** @param {number} offset */
function explainClock(offset) {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  return `The clock of this device is ${minutes} minutes ${offset > 0 ? "behind" : "ahead of"} the server's, so the server takes nothing from it. Set it right, then try again.`;
}

export function noIdentity() {
  return new DispatchError("no_identity", "There is no identity on this device yet. Make one, or restore a backup.");
}
