/** What is to be said: as an app sees it, and what is kept of it. */

/** @typedef {import("./form.js").Entry} Entry */
/** @typedef {import("./form.js").Kind} Kind */

/**
 * @typedef {object} Outgoing
 * @property {string} local its name on this device
 * @property {Kind} kind
 * @property {string | null} conversation
 * @property {string | null} text
 * @property {string | null} replyTo
 * @property {number | null} index of the message that is taken away
 * @property {number} createdAt
 * @property {"waiting" | "pending" | "accepted" | "failed"} state
 * @property {string | null} code why it failed
 * @property {string | null} detail the same as a sentence
 */

/**
 * What stands behind an `Outgoing`.
 *
 * @typedef {object} Item
 * @property {string} local
 * @property {number} order
 * @property {Kind} kind
 * @property {string | null} conversation
 * @property {string[] | null} members of a private conversation, ourselves among them
 * @property {any} said by kind: `{text, replyTo}`, `{index, reason}`, `{add, remove}`, `{x25519}`, `{ordinals}`, `{epoch, ordinals}`;
 *   with `for` where it was made for a message, whose `local` that is
 * @property {number} createdAt
 * @property {Entry | null} entry once it is signed
 * @property {string | null} id of the entry
 * @property {string[]} former ids of entries of it that were signed before, and given up
 * @property {number} tries how many entries of it, or of what was made for it, were refused
 * @property {number} made how many epochs and cards were made for it
 * @property {string | null} under id of the epoch that was made for it
 * @property {string | null} code
 * @property {string | null} detail
 */

/** @param {Item} item @returns {boolean} whether it is an epoch or a share that was made for a message */
export function isMade({ kind, said }) {
  return (kind === "epoch" || kind === "share") && said.for !== undefined;
}

/** @param {Item} item @returns {string[]} of all entries of it that were ever signed */
export function idsOf({ id, former = [] }) {
  return id === null ? former : [...former, id];
}

/** @param {Item} item @returns {Partial<Item>} */
export function unsigned(item) {
  return { entry: null, id: null, former: idsOf(item) };
}

/**
 * @param {Item} item
 * @returns {Outgoing}
 */
export function outgoing({ local, kind, conversation, said, createdAt, entry, code, detail }) {
  const state = code !== null ? "failed" : entry ? "pending" : "waiting";
  const { text = null, replyTo = null, index = null } = said;
  return { local, kind, conversation, text, replyTo, index, createdAt, state, code, detail };
}
