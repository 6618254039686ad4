/** The server's signed statements: checkpoints, and what is signed in a join. */

import { decode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";
import { H, tuple } from "./tuple.js";

/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./public-key.js").PublicKey} PublicKey */

/** @param {Checkpoint} checkpoint */
export function checkpointTuple(checkpoint) {
  const { community, size, head, root, time } = checkpoint;
  return tuple("checkpoint", decode(community, 32), size, decode(head, 32), decode(root, 32), time);
}

/**
 * [CHECK-6]
 *
 * @param {Checkpoint} checkpoint
 * @param {PublicKey} serverKey of genesis
 * @param {string} community
 */
export async function checkCheckpoint(checkpoint, serverKey, community) {
  const signed = await serverKey.verifies(checkpointTuple(checkpoint), decode(checkpoint.signature));
  if (!signed || checkpoint.community !== community || checkpoint.size === 0) {
    throw new DispatchError("bad_checkpoint", "A checkpoint is not signed by this community's server key, or is not of this community.");
  }
}

/**
 * What both sides of a join hold.
 *
 * @typedef {object} Exchange
 * @property {string} origin that the client dialled [JOIN-1]
 * @property {string} community
 * @property {string} account
 * @property {string} client_nonce
 * @property {string} server_nonce
 */

/** @param {Exchange} exchange */
const places = ({ community, account, client_nonce, server_nonce }) =>
  [community, account, client_nonce, server_nonce].map((text) => decode(text, 32));

/**
 * What `prove` signs.
 *
 * @param {Exchange} exchange
 * @param {number} expiresAt the challenge's
 */
export function joinTuple(exchange, expiresAt) {
  return tuple("join", exchange.origin, ...places(exchange), expiresAt);
}

/**
 * @param {Exchange} exchange
 * @param {import("./frame.js").Welcome} welcome
 * @param {string} token that the client holds
 */
export function welcomeTuple(exchange, welcome, token) {
  return tuple("welcome", exchange.origin, ...places(exchange), welcome.expires_at, welcome.size, decode(welcome.head, 32), H(decode(token)));
}

/**
 * [JOIN-17]
 *
 * @param {Exchange} exchange
 * @param {import("./frame.js").Welcome} welcome
 * @param {string} token
 * @param {PublicKey} serverKey of genesis
 */
export async function checkWelcome(exchange, welcome, token, serverKey) {
  const ours = welcome.token === token;
  if (!ours || !(await serverKey.verifies(welcomeTuple(exchange, welcome, token), decode(welcome.signature)))) {
    throw new DispatchError("bad_welcome", "The server did not prove that it is this community's server: its welcome does not verify.");
  }
}
