/** A server that says what a test wants it to: for lies that need both the server's key and a story. */

import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { encode, H, PublicKey, sign, welcomeTuple } from "../../src/core.js";
import { Invitation } from "../../src/index.js";
import { signingKeyOf } from "./chain-maker.js";

const LIMITS = {
  frame_bytes: 262144,
  ciphertext_bytes: 65536,
  wraps: 1024,
  skew_ms: 600000,
  session_ms: 21600000,
  challenge_ms: 60000,
  checkpoint_ms: 1000,
};
const nonce = () => encode(crypto.getRandomValues(new Uint8Array(32)));

export class Scripted {
  /** What clients sent, over all connections. */
  received = [];
  /** Changes of what is said by default: `challenge`, `welcome`, `blocks`, each takes the frame and gives another; `perFrame`: so many blocks in each; `submit` gives the answer; `resume` takes the
   * session and gives it, or another, where it is to live on; `before` is waited for before each frame of blocks, by its `from`; `requests`: where there is one, `http` is offered, and it
   * takes each answer with the URL and gives another, or undefined to be silent; `shown`: the chain that requests show, where that is another. */
  script = {};
  /** Requests under a token, by their URLs. */
  asked = [];
  /** Sessions by their tokens. */
  #granted = new Map();

  /** @param {import("./chain-maker.js").ChainMaker} chain */
  static async start(chain) {
    const server = new Scripted();
    server.chain = chain;
    server.http = createServer((request, response) => {
      if (request.url.startsWith("/v1/")) return server.#answer(request, response);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          versions: ["dispatch-d/1"],
          community: server.chain.community,
          genesis: server.chain.blocks[0],
          limits: LIMITS,
          transports: ["ws", ...(server.script.requests ? ["http"] : [])],
        }),
      );
    });
    server.sockets = new WebSocketServer({ server: server.http, path: "/v1/socket" });
    server.sockets.on("connection", (socket) => server.#serve(socket));
    server.http.listen(0, "127.0.0.1");
    await once(server.http, "listening");
    server.origin = `http://127.0.0.1:${server.http.address().port}`;
    server.invitation = Invitation.of(server.origin, chain.community);
    return server;
  }

  async #answer(request, response) {
    const chain = this.script.shown ?? this.chain;
    const url = new URL(request.url, this.origin);
    const [from, to, limit] = ["from", "to", "limit"].map((name) => Number(url.searchParams.get(name)));
    this.asked.push(request.url);
    const isKnown = this.#granted.has(request.headers.authorization?.replace(/^Dispatch /, ""));
    const answer = url.pathname === "/v1/blocks" ? { type: "blocks", from, blocks: chain.blocks.slice(from, from + limit) } : { from, to, path: consistency(chain.tree, from, to).map(encode) };
    const said = await this.script.requests(structuredClone(answer), url);
    if (said === undefined) return;
    response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" }).end(typeof said === "string" ? said : JSON.stringify(said));
  }

  #serve(socket) {
    const state = {};
    socket.on("message", async (data) => {
      const frame = JSON.parse(data);
      this.received.push(frame);
      const say = (said) => socket.send(JSON.stringify(said));
      if (frame.type === "hello") {
        const challenge = { type: "challenge", community: this.chain.community, server_nonce: nonce(), expires_at: Date.now() + LIMITS.challenge_ms };
        const said = this.script.challenge?.(challenge) ?? challenge;
        state.exchange = {
          origin: frame.origin,
          community: said.community,
          account: PublicKey.read(frame.public_key).account,
          client_nonce: frame.client_nonce,
          server_nonce: said.server_nonce,
        };
        state.have = frame.have?.size ?? 0;
        say(said);
      } else if (frame.type === "prove") {
        state.token = frame.signature;
        await this.#welcome(say, state);
      } else if (frame.type === "resume") {
        const granted = this.script.resume?.(this.#granted.get(frame.token));
        if (!granted) return say({ type: "refused", code: "bad_token", detail: "" });
        state.token = frame.token;
        state.exchange = { ...granted.exchange, client_nonce: frame.client_nonce };
        state.have = frame.have?.size ?? 0;
        await this.#welcome(say, state, granted.expires_at);
      } else if (frame.type === "submit") {
        const said = await this.script.submit?.(frame, say);
        if (said) say({ ref: frame.ref, ...said });
      } else {
        say({ type: "refused", code: "unknown_frame", detail: "" });
      }
    });
  }

  async #welcome(say, { exchange, have, token }, expires_at = Date.now() + LIMITS.session_ms) {
    const { chain } = this;
    this.#granted.set(token, { exchange, expires_at });
    const checkpoint = await (this.script.checkpoint?.(chain) ?? chain.checkpoint());
    const base = { type: "welcome", token, expires_at, size: chain.tree.size, head: chain.head, checkpoint };
    const welcome = { ...base, ...this.script.welcome?.(base) };
    const signature = encode(await sign(await signingKeyOf("server"), welcomeTuple(exchange, welcome, token)));
    say({ ...welcome, signature });
    const { perFrame = chain.blocks.length } = this.script;
    for (let from = have; from < chain.blocks.length; from += perFrame) {
      await this.script.before?.(from);
      const frame = { type: "blocks", from, blocks: chain.blocks.slice(from, from + perFrame) };
      say(this.script.blocks?.(structuredClone(frame)) ?? frame);
    }
  }

  /** Sends a block to all, the last one if no other is named. */
  push(block = this.chain.blocks.at(-1)) {
    for (const socket of this.sockets.clients) socket.send(JSON.stringify({ type: "blocks", from: block.index, blocks: [block] }));
  }

  async end() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.sockets.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

/**
 * RFC 6962, section 2.1.2, word for word.
 *
 * @param {import("../../src/core.js").Tree} tree
 */
function consistency(tree, from, to) {
  const leaves = Array.from({ length: to }, (_, at) => H(Buffer.concat([Buffer.of(0), tree.hash(at)])));
  const half = (count) => 2 ** Math.ceil(Math.log2(count) - 1);
  const root = (list) => (list.length === 1 ? list[0] : H(Buffer.concat([Buffer.of(1), root(list.slice(0, half(list.length))), root(list.slice(half(list.length)))])));
  const sub = (m, list, isWhole) => {
    if (m === list.length) return isWhole ? [] : [root(list)];
    const k = half(list.length);
    return m <= k ? [...sub(m, list.slice(0, k), isWhole), root(list.slice(k))] : [...sub(m - k, list.slice(k), false), root(list.slice(0, k))];
  };
  return sub(from, leaves, true);
}
