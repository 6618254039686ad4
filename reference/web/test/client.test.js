import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, test } from "node:test";
import { Client, Invitation, MemoryStore } from "../src/index.js";
import { TABLES } from "../src/store/keys.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { accountOf, member, open, until, words } from "./servers/member.js";
import { Scripted } from "./servers/scripted.js";

async function served(work) {
  const chain = await ChainMaker.found(["m01", "m02"]);
  const epoch = await chain.epoch("m02", ["m01", "m02"]);
  for (const text of ["one", "two", "three"]) await chain.message("m02", epoch, text);
  const server = await Scripted.start(chain);
  const store = new MemoryStore();
  const client = await member("m01", { store });
  try {
    const community = await client.join(server.invitation);
    await work({ server, chain, epoch, store, client, community });
  } finally {
    await client.close();
    await server.end();
  }
}

const MOST = ["\uffff", "\uffff", "\uffff", "\uffff"];
const count = async (store, table) => (await store.range(table, "", MOST)).length;

test("who leaves a community keeps the keys and nothing of its chain", () =>
  served(async ({ client, community, store }) => {
    community.connect();
    await open(community);
    await client.rename(accountOf("m02"), "Bob");
    await client.leave(community.id);
    assert.deepEqual(client.communities, []);
    for (const table of TABLES) assert.equal(await count(store, table), ["identity", "names"].includes(table) ? 1 : 0, table);
    assert.equal(client.identity.account, accountOf("m01"));
  }));

test("a community that has moved keeps what was verified, and asks only for what is new", () =>
  served(async ({ chain, client, community, epoch }) => {
    community.connect();
    await open(community);
    const { size, head } = community;
    await chain.message("m02", epoch, "four");
    const elsewhere = await Scripted.start(chain);
    try {
      const moved = await client.join(elsewhere.invitation);
      assert.notEqual(moved, community);
      assert.deepEqual(client.communities, [moved]);
      assert.equal(moved.head, head);
      moved.connect();
      await until(moved, "the fourth", () => moved.everyone.count === 4);
      assert.equal(elsewhere.received.find(({ type }) => type === "hello").have.size, size);
      assert.equal(community.state.name, "offline");
      await client.join(elsewhere.invitation).then((again) => assert.equal(again, moved));
    } finally {
      for (const each of client.communities) await each.disconnect();
      await elsewhere.end();
    }
  }));

test("messages are told one by one as they come, and read by number; marks outlive the program", () =>
  served(async ({ server, chain, client, community, epoch, store }) => {
    const told = [];
    community.on("message", ({ message }) => told.push(message.content.text));
    community.connect();
    await open(community);
    assert.deepEqual(told, ["one", "two", "three"]);
    const { everyone } = community;
    assert.deepEqual([everyone.count, everyone.read, everyone.unread], [3, 3, 0]);
    const push = async (text) => {
      await chain.message("m02", epoch, text);
      const block = chain.blocks.at(-1);
      for (const socket of server.sockets.clients) socket.send(JSON.stringify({ type: "blocks", from: block.index, blocks: [block] }));
      await until(community, text, () => told.includes(text));
    };
    await push("four");
    await push("five");
    assert.equal(everyone.unread, 2);
    await everyone.markRead(4);
    assert.deepEqual([everyone.read, everyone.unread], [4, 1]);
    await everyone.markRead(2);
    assert.equal(everyone.read, 4, "it never goes back");
    const [four, five] = await everyone.messages(3, 5);
    assert.deepEqual([four.number, four.content.text, five.number, five.content.text], [3, "four", 4, "five"]);
    assert.equal(await everyone.numberOf(five.id), 4);
    assert.equal(await everyone.numberOf(accountOf("m01")), null);
    await community.disconnect();
    store.close = async () => {};
    await client.close();
    const again = await Client.open({ store });
    assert.deepEqual([again.communities[0].everyone.read, again.communities[0].everyone.unread], [4, 1]);
    assert.deepEqual(await words(again.communities[0].everyone), ["one", "two", "three", "four", "five"]);
  }));

test("whoever closes a client waits for what it is writing", async () => {
  const order = [];
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  class Gated extends MemoryStore {
    begun = new Promise((resolve) => {
      this.begin = resolve;
    });
    async commit(changes) {
      if (!changes.some(({ table, value }) => table === "outbox" && value?.entry)) return super.commit(changes);
      this.begin();
      await gate;
      await super.commit(changes).finally(() => order.push("written"));
    }
    async close() {
      order.push("closed");
      await super.close();
    }
  }
  const server = await Scripted.start(await ChainMaker.found(["m01", "m02"]));
  try {
    const store = new Gated();
    const client = await member("m01", { store });
    const community = await client.join(server.invitation);
    community.connect();
    await open(community);
    await community.everyone.send("words");
    await store.begun;
    const [socket] = server.sockets.clients;
    const isGone = once(socket, "close");
    const closing = client.close();
    await isGone;
    release();
    await closing;
    assert.deepEqual(order, ["written", "closed"]);
  } finally {
    release();
    await server.end();
  }
});

test("of two identities that are made at a time the first stays, and its key", async () => {
  const store = new MemoryStore();
  const client = await Client.open({ store });
  const [first, second] = await Promise.allSettled([client.createIdentity({ bits: 2048 }), client.createIdentity({ bits: 2048 })]);
  assert.equal(second.reason?.code, "identity_exists");
  assert.equal(client.identity.account, first.value.account);
  assert.equal((await store.get("identity", "identity")).account, first.value.account);
});

test("a listener that throws is reported, and the others hear all the same", async () => {
  const client = await Client.open({ store: new MemoryStore() });
  const report = mock.method(console, "error", () => {});
  let heard = 0;
  client.on("names", () => {
    throw new Error("a fault of the app");
  });
  const off = client.on("names", () => heard++);
  await client.rename(accountOf("m01"), "Alice");
  off();
  await client.rename(accountOf("m01"), null);
  assert.equal(heard, 1);
  assert.equal(report.mock.callCount(), 2);
  report.mock.restore();
  assert.equal(client.nameOf(accountOf("m01")), null);
});

test("without an identity nothing is dialled, and a sentence says what to do", async () => {
  const client = await Client.open({ store: new MemoryStore(), fetch: () => assert.fail("nothing is fetched") });
  const community = await client.join(Invitation.of("http://127.0.0.1:1", accountOf("m01")));
  community.connect();
  await until(community, "refused", () => community.state.name === "refused");
  assert.equal(community.state.code, "no_identity");
  assert.match(community.state.detail, /^[A-Z].*\.$/);
  assert.throws(() => community.conversationWith([accountOf("m02")]), { code: "no_identity" });
  assert.equal(community.everyone.canSend, "not_joined");
  await client.close();
});
