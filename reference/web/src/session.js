/**
 * A connection's state, without its I/O: frames come in, frames to send go out.
 *
 *     AwaitChallenge --challenge--> AwaitWelcome --welcome--> Open
 *                                        ^
 *     resume ----------------------------|
 *
 * Signing and verification are the platform's, and so promises; nonces are given.
 */

import { encode } from "./bytes.js";
import { checkWelcome, joinTuple } from "./checkpoint.js";
import { DispatchError } from "./dispatch-error.js";
import { sign } from "./public-key.js";

/** @typedef {import("./form.js").Place} Place */
/** @typedef {import("./checkpoint.js").Exchange} Exchange */
/** @typedef {{ account: string, publicKey: string, signingKey: CryptoKey }} Signer */
/** What a proven join granted. @typedef {{ token: string, expires_at: number, exchange: Exchange }} Granted */

/** @param {Place} place */
const have = (place) => (place.size ? { have: place } : {});

export class AwaitChallenge {
  /**
   * @param {string} origin that is dialled
   * @param {string} community that is wanted
   * @param {Signer} signer
   * @param {Place} held
   * @param {Uint8Array} nonce 32 fresh random bytes
   */
  constructor(origin, community, signer, held, nonce) {
    this.origin = origin;
    this.community = community;
    this.signer = signer;
    this.clientNonce = encode(nonce);
    this.frame = { type: "hello", version: "dispatch-d/1", origin, public_key: signer.publicKey, client_nonce: this.clientNonce, ...have(held) };
  }

  /**
   * @param {import("./frame.js").Challenge} challenge
   * @returns {Promise<AwaitWelcome>} whose `frame` is the `prove`
   */
  async challenge({ community, server_nonce, expires_at }) {
    // [JOIN-19] [INV-2] Nothing is signed for another community.
    if (community !== this.community)
      throw new DispatchError(
        "wrong_genesis",
        "The server at this address serves another community than the invitation names. Ask for a new invitation.",
      );
    const exchange = { origin: this.origin, community, account: this.signer.account, client_nonce: this.clientNonce, server_nonce };
    const signature = encode(await sign(this.signer.signingKey, joinTuple(exchange, expires_at)));
    return new AwaitWelcome(exchange, signature, { type: "prove", server_nonce, signature });
  }
}

export class AwaitWelcome {
  /**
   * @param {Exchange} exchange
   * @param {string} token
   * @param {object} frame
   * @param {number | null} [end] of the session, where it lives already
   */
  constructor(exchange, token, frame, end = null) {
    this.exchange = exchange;
    this.token = token;
    this.frame = frame;
    this.end = end;
  }

  /**
   * Another connection under a session that lives. [SESS-17] Its token goes to the origin that it was made for, since that is all that is dialled.
   *
   * @param {Granted} granted
   * @param {Place} held
   * @param {Uint8Array} nonce
   */
  static resume({ token, exchange, expires_at }, held, nonce) {
    const client_nonce = encode(nonce);
    return new AwaitWelcome({ ...exchange, client_nonce }, token, { type: "resume", token, client_nonce, ...have(held) }, expires_at);
  }

  /**
   * @param {import("./frame.js").Welcome} welcome
   * @param {import("./public-key.js").PublicKey} serverKey
   * @returns {Promise<Granted>}
   */
  async welcome(welcome, serverKey) {
    await checkWelcome(this.exchange, welcome, this.token, serverKey);
    if (this.end !== null && welcome.expires_at !== this.end)
      throw new DispatchError("bad_welcome", "The server resumes a session with another end than the one that it has granted."); // [SESS-12]
    return { token: this.token, expires_at: welcome.expires_at, exchange: this.exchange };
  }
}
