import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { Client, MemoryStore } from "../src/index.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until, words } from "./servers/member.js";

/** A WebSocket that can be told to lose what comes in, and that remembers what went out. */
function wire() {
  const state = { sent: [], lose: () => false, sockets: [] };
  class Tapped extends WebSocket {
    constructor(url) {
      super(url);
      state.sockets.push(this);
    }
    send(text) {
      state.sent.push(JSON.parse(text));
      super.send(text);
    }
    set onmessage(listener) {
      super.onmessage = (event) => {
        if (state.lose(JSON.parse(event.data))) this.terminate();
        else listener(event);
      };
    }
  }
  return { ...state, state, WebSocket: Tapped };
}

async function community(server, name, options) {
  const client = await member(name, options);
  const joined = await client.join(server.invitation);
  joined.connect();
  await open(joined);
  return { client, joined };
}

async function withServer(work) {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    await work(server, clients);
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
}

test("an entry that was appended, and whose answer was lost, is offered again and said once", () =>
  withServer(async (server, clients) => {
    const { state, WebSocket } = wire();
    const { client, joined } = await community(server, "m01", { WebSocket });
    clients.push(client);
    await until(joined, "the card", () => joined.member(accountOf("m01"))?.hasCard);
    await joined.everyone.send("first");
    await until(joined, "the first message", () => joined.everyone.count === 1);
    // From now on the answer and the block are lost, and the connection with them.
    const due = joined.ledger.chain.accounts.get(accountOf("m01")).seq + 1;
    const isOurs = (frame) =>
      frame.type === "accepted" ||
      (frame.type === "blocks" && frame.blocks.some(({ entry }) => entry.author === accountOf("m01") && entry.seq === due));
    let lost = 0;
    state.lose = (frame) => {
      if (!isOurs(frame) || lost) return false;
      lost++;
      // Whatever comes on this connection after it is lost, too.
      state.lose = () => state.sockets.length === 1;
      return true;
    };
    await joined.everyone.send("said once");
    await until(joined, "the message", () => joined.everyone.count === 2);
    await until(joined, "nothing is pending", () => joined.pending.length === 0);
    assert.equal(lost, 1);
    assert.deepEqual(await words(joined.everyone), ["first", "said once"]);
    // What was sent under this number was one and the same entry.
    const offered = state.sent.filter(({ type, entry }) => type === "submit" && entry.seq === due);
    assert.ok(offered.length >= 1);
    assert.equal(new Set(offered.map(({ entry }) => entry.signature)).size, 1);
    assert.ok(
      state.sent.some(({ type }) => type === "resume"),
      "the session was resumed",
    );
  }));

test("what was said while the server was down is sent when it is back, and a restarted server forgets no one", () =>
  withServer(async (server, clients) => {
    const { client, joined } = await community(server, "m01");
    clients.push(client);
    await joined.everyone.send("before");
    await until(joined, "the first message", () => joined.everyone.count === 1);
    const { head, size } = joined;
    await server.kill();
    await until(joined, "waiting", () => joined.state.name === "waiting");
    assert.equal(joined.state.code, "unreachable");
    const outgoing = await joined.everyone.send("while it was down");
    assert.equal(joined.everyone.pending[0].local, outgoing.local);
    assert.equal(joined.everyone.pending[0].state, "waiting");
    await server.start();
    joined.wake();
    await until(joined, "the second message", () => joined.everyone.count === 2);
    assert.deepEqual(await words(joined.everyone), ["before", "while it was down"]);
    assert.equal(joined.ledger.chain.tree.head(size), head);
    await until(joined, "nothing is pending", () => joined.pending.length === 0);
  }));

test("a signed entry outlives its program: the next start offers the same, and says it once", () =>
  withServer(async (server, clients) => {
    const store = new MemoryStore();
    store.close = async () => {};
    const { state, WebSocket } = wire();
    const first = await community(server, "m01", { store, WebSocket });
    await first.joined.everyone.send("first");
    await until(first.joined, "the first message", () => first.joined.everyone.count === 1);
    // The program ends right after it has sent, and never sees what came of it.
    state.lose = ({ type }) => type === "accepted" || type === "blocks";
    await first.joined.everyone.send("twice?");
    await until(first.joined, "the loss", () => first.joined.state.name !== "open");
    await first.client.close();
    const kept = (await store.range("outbox", [server.community], [server.community, "\uffff"])).map(({ value }) => value);
    assert.equal(kept.length, 1);
    assert.equal(kept[0].entry.kind, "message");

    const again = wire();
    const second = await Client.open({ store, WebSocket: again.WebSocket });
    clients.push(second);
    const [joined] = second.communities;
    assert.equal(joined.everyone.pending[0].state, "pending");
    joined.connect();
    await open(joined);
    await until(joined, "nothing is pending", () => joined.pending.length === 0);
    assert.deepEqual(await words(joined.everyone), ["first", "twice?"]);
    for (const { type, entry } of again.state.sent) if (type === "submit") assert.equal(entry.signature, kept[0].entry.signature);
  }));

test("two devices of one account race for a number, and both are heard", () =>
  withServer(async (server, clients) => {
    const one = await community(server, "m01");
    const other = await community(server, "m01");
    clients.push(one.client, other.client);
    await Promise.all(Array.from({ length: 6 }, (_, at) => (at % 2 ? one : other).joined.everyone.send(`message ${at}`)));
    for (const { joined } of [one, other]) await until(joined, "all six", () => joined.everyone.count === 6 && joined.pending.length === 0);
    assert.deepEqual(
      (await words(one.joined.everyone)).sort(),
      Array.from({ length: 6 }, (_, at) => `message ${at}`),
    );
    assert.deepEqual(await words(one.joined.everyone), await words(other.joined.everyone));
  }));

test("a start reads the store, verifies what follows the snapshot, and fetches only what is new", () =>
  withServer(async (server, clients) => {
    const store = new MemoryStore();
    store.close = async () => {};
    const first = await community(server, "m01", { store });
    await first.joined.everyone.send("one");
    await until(first.joined, "the message", () => first.joined.everyone.count === 1);
    await first.client.close();
    const { size, head } = first.joined;
    const offline = await Client.open({ store });
    assert.equal(offline.communities[0].size, size);
    assert.equal(offline.communities[0].head, head);
    assert.deepEqual(await words(offline.communities[0].everyone), ["one"]);
    assert.equal(offline.communities[0].name, "Our street");
    const { state, WebSocket } = wire();
    const second = await Client.open({ store, WebSocket });
    clients.push(second);
    second.communities[0].connect();
    await open(second.communities[0]);
    assert.deepEqual(state.sent[0].have, { size, hash: head });
  }));
