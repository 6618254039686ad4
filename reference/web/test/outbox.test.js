/** What waits to be said, while others do what they can so that it is said to the wrong ones, for ever, or twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { sealBackup, writeContents } from "../src/core.js";
import { Client, DispatchError, MemoryStore } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, privateKeyOf, until, words } from "./servers/member.js";
import { Scripted } from "./servers/scripted.js";
import { readAccounts } from "./vectors/files.js";

/** A WebSocket that asks before it sends a frame: `false` breaks the connection instead, a frame is heard as the server's answer. */
function asking(ask) {
  return class extends WebSocket {
    #listener = () => {};
    set onmessage(listener) {
      this.#listener = listener;
      super.onmessage = listener;
    }
    send(text) {
      const answer = ask(JSON.parse(text));
      if (answer === false) this.terminate();
      else if (answer) queueMicrotask(() => this.#listener({ data: JSON.stringify(answer) }));
      else super.send(text);
    }
  };
}

async function withMembers(names, work, optionsOfFirst = {}) {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(...names.map(pemOf));
    await server.start();
    const communities = [];
    for (const name of names) {
      const client = await member(name, name === names[0] ? optionsOfFirst : {});
      clients.push(client);
      const community = await client.join(server.invitation);
      community.connect();
      communities.push(community);
    }
    for (const community of communities) await until(community, "all cards", () => names.every((name) => community.member(accountOf(name))?.hasCard));
    await work(server, ...communities);
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
}

/** All that a member can read, in all conversations, after it has read as far as another. */
async function allWords(reader, other) {
  await until(reader, "as far as the other", () => reader.size >= other.size);
  return (await Promise.all([...reader.allConversations].map(words))).flat();
}

const said = (community, conversation, count) => until(community, "it is said", () => conversation.count === count && !community.pending.length);

test("where an epoch for everyone is refused, its shares go with it, and no other epoch is shared in its stead", () => {
  let refusals = 0;
  let lies = false;
  const Lying = asking(({ type, ref, entry }) => {
    if (lies && type === "submit" && entry.kind === "epoch" && refusals++ === 0) return { type: "refused", ref, code: "bad_seq", detail: "" };
  });
  const lyingFetch = async (...given) => {
    const document = await (await fetch(...given)).json();
    if (lies) document.limits.wraps = 1;
    return new Response(JSON.stringify(document));
  };
  return withMembers(
    ["m01", "m02", "m03"],
    async (_, alice, bob, carol) => {
      const secret = alice.conversationWith([accountOf("m02")]);
      await secret.send("for Bob alone");
      await said(alice, secret, 1);
      lies = true;
      await alice.disconnect();
      alice.connect();
      await open(alice);
      await alice.everyone.send("to all");
      await said(alice, alice.everyone, 1);
      assert.equal(refusals, 2);
      assert.deepEqual(await allWords(carol, alice), ["to all", "(no_wrap)"]);
      assert.deepEqual((await allWords(bob, alice)).sort(), ["for Bob alone", "to all"]);
    },
    { WebSocket: Lying, fetch: lyingFetch },
  );
});

test("a private message that was signed and never sent is signed anew, if its epoch was shared with somebody else meanwhile", () => {
  let isCut = false;
  const Cut = asking(({ type }) => (isCut && type === "submit" ? false : undefined));
  return withMembers(
    ["m01", "m02", "m03"],
    async (_, alice, bob, carol) => {
      const secret = alice.conversationWith([accountOf("m02")]);
      await secret.send("first");
      await said(alice, secret, 1);
      isCut = true;
      await secret.send("second");
      await until(alice, "signed and lost", () => alice.pending[0]?.state === "pending" && alice.state.name === "waiting");
      await alice.disconnect();
      const theirs = await until(bob, "the first", () => bob.conversations.find((each) => each.isPrivate && each.count === 1));
      await theirs.share(accountOf("m03"));
      await until(bob, "shared", () => !bob.pending.length);
      isCut = false;
      alice.connect();
      await said(alice, secret, 2);
      assert.deepEqual(await allWords(carol, alice), ["first", "(no_wrap)"]);
      assert.deepEqual(await allWords(bob, alice), ["first", "second"]);
    },
    { WebSocket: Cut },
  );
});

test("a message that was signed and never sent is signed anew, if somebody who could read it was removed meanwhile", () => {
  let isCut = false;
  const offered = [];
  const Cut = asking(({ type, entry }) => {
    if (type !== "submit" || entry.kind !== "message") return undefined;
    offered.push(entry);
    return isCut ? false : undefined;
  });
  return withMembers(
    ["m01", "m02", "m03"],
    async (server, alice, bob) => {
      await alice.everyone.send("first");
      await said(alice, alice.everyone, 1);
      isCut = true;
      await alice.everyone.send("second");
      await until(alice, "signed and lost", () => alice.pending[0]?.state === "pending" && alice.state.name === "waiting");
      await alice.disconnect();
      server.allow(pemOf("m01"), pemOf("m02"));
      await until(bob, "the removal", () => !bob.member(accountOf("m03")).isMember);
      isCut = false;
      const before = offered.length;
      alice.connect();
      await said(alice, alice.everyone, 2);
      // What Carol could open did not even go to the server.
      assert.equal(offered.length, before + 1);
      assert.notEqual(offered.at(-1).body.epoch, offered[0].body.epoch);
      assert.deepEqual(await allWords(bob, alice), ["first", "second"]);
    },
    { WebSocket: Cut },
  );
});

test("what was to be shared with somebody who is removed meanwhile is not shared, nor sent", () => {
  const offered = [];
  const Listening = asking(({ type, entry }) => void (type === "submit" && offered.push(entry.kind)));
  const work = async (server, alice, bob) => {
    const secret = alice.conversationWith([accountOf("m02")]);
    await secret.send("for Bob alone");
    await said(alice, secret, 1);
    await alice.disconnect();
    assert.equal(await secret.share(accountOf("m03")), 1);
    server.allow(pemOf("m01"), pemOf("m02"));
    await until(bob, "the removal", () => !bob.member(accountOf("m03")).isMember);
    alice.connect();
    const failed = await until(alice, "the failure", () => alice.pending.find(({ state }) => state === "failed"));
    assert.deepEqual([failed.kind, failed.code], ["share", "bad_recipient"]);
    assert.ok(!offered.includes("share"));
  };
  return withMembers(["m01", "m02", "m03"], work, { WebSocket: Listening });
});

test("two devices of one account with different cards: each says its words, with a few blocks", async () => {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"));
    await server.start();
    const private_key = privateKeyOf("m01");
    const backup = await sealBackup(writeContents({ private_key, cards: [], communities: [] }), "x");
    const devices = [];
    for (const count of [1, 2]) {
      const client = await Client.open({ store: new MemoryStore() });
      clients.push(client);
      await client.restoreBackup(backup, "x");
      const community = await client.join(server.invitation);
      community.connect();
      devices.push(community);
      await until(community, "its card", () => community.ledger.chain.accounts.get(accountOf("m01"))?.cards.length === count);
    }
    const [one, two] = devices;
    await until(one, "the other's card", () => one.ledger.chain.accounts.get(accountOf("m01")).cards.length === 2);
    for (const [at, device] of [one, two, one].entries()) {
      const { size } = device;
      await device.everyone.send(`${at}`);
      await said(device, device.everyone, at + 1);
      assert.ok(device.size - size <= 3, `${device.size - size} blocks for one message`);
      const other = device === one ? two : one;
      await until(other, "the same", () => other.size >= device.size);
    }
    assert.equal((await one.everyone.messages(2, 3))[0].content.text, "2");
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
});

/** A server that answers a submitted entry by `answer`, or appends it. */
async function scripted(answer, work, time, options, given) {
  const chain = await ChainMaker.found(["m01", "m02"], time);
  const server = await Scripted.start(chain);
  const submitted = [];
  const append = (entry, say) => {
    const block = { index: chain.tree.size, prev: chain.head, time: chain.blocks.at(-1).time + 1, entry };
    chain.append(block);
    say({ type: "blocks", from: block.index, blocks: [block] });
    return { type: "accepted", index: block.index, hash: chain.head };
  };
  server.script.submit = async ({ entry }, say) => {
    submitted.push(entry);
    return (await answer(entry, (other) => append(other, say), server)) ?? append(entry, say);
  };
  const client = given ?? (await member("m01", options));
  try {
    const community = await client.join(server.invitation);
    community.connect();
    await open(community);
    await work(community, submitted, server);
  } finally {
    await client.close();
    await server.end();
  }
}

test("a block that is damaged when its answer comes is fetched again, and what waits goes out", () => {
  const store = new MemoryStore();
  let spoiled = null;
  let community;
  return scripted(
    async (entry, append) => {
      if (entry.kind !== "message" || spoiled !== null) return null;
      const answer = append(entry);
      spoiled = answer.index;
      await until(community, "its block", () => community.everyone.count === 1);
      const row = await store.get("blocks", [community.id, spoiled]);
      await store.commit([{ table: "blocks", key: [community.id, spoiled], value: { ...row, block: { ...row.block, time: 1 } } }]);
      return answer;
    },
    async (joined) => {
      community = joined;
      await community.everyone.send("one");
      await community.everyone.send("two");
      await said(community, community.everyone, 2);
      assert.deepEqual(await words(community.everyone), ["one", "two"]);
      assert.deepEqual(community.findings, []);
    },
    undefined,
    { store },
  );
});

test("what came on the chain while the store took no change is never said again, whatever has changed since", async () => {
  let isStuck = false;
  class Stuck extends MemoryStore {
    async commit(changes) {
      if (isStuck && changes.some(({ table, value }) => table === "outbox" && value === undefined)) throw new DispatchError("store_full", "There is no room.");
      return super.commit(changes);
    }
  }
  let server;
  await scripted(
    async (entry, append, made) => {
      server = made;
      if (entry.kind !== "message" || isStuck) return null;
      isStuck = true;
      // The answer is lost; and who could read it is removed before we are back.
      append(entry);
      await server.chain.add("authority", "roster", { add: [], remove: [accountOf("m02")] });
      for (const socket of server.sockets.clients) socket.close();
      return false;
    },
    async (community) => {
      await community.everyone.send("pay Bob 100");
      await until(community, "the removal", () => !community.member(accountOf("m02")).isMember && community.state.name !== "open");
      isStuck = false;
      community.wake();
      await until(community, "nothing is pending", () => !community.pending.length);
      assert.deepEqual(await words(community.everyone), ["pay Bob 100"]);
    },
    undefined,
    { store: new Stuck() },
  );
});

test("what is signed is offered again before anything else is signed under its number", async () => {
  const { x25519_private, x25519_public } = readAccounts().find(({ name }) => name === "m01");
  const private_key = privateKeyOf("m01");
  const cards = [Buffer.alloc(32, 7).toString("base64url"), x25519_private];
  const client = await Client.open({ store: new MemoryStore() });
  await client.restoreBackup(await sealBackup(writeContents({ private_key, cards, communities: [] }), "x"), "x");
  let isLost = false;
  await scripted(
    (entry, _append, server) => {
      if (entry.kind !== "message" || isLost) return null;
      isLost = true;
      for (const socket of server.sockets.clients) socket.close();
      return false;
    },
    async (community, submitted, server) => {
      await until(community, "its first card", () => submitted.length === 1 && !community.pending.length);
      // Another device, which has the second card alone, publishes that; so on the next connection the first is to be published again.
      await server.chain.add("m01", "card", { x25519: x25519_public });
      server.push();
      await until(community, "the other's card", () => community.size === server.chain.tree.size);
      await community.everyone.send("words");
      await until(community, "the loss", () => isLost && community.state.name !== "open");
      const lost = submitted.at(-1);
      community.wake();
      await until(community, "all is said", () => community.everyone.count === 1 && !community.pending.length && community.state.name === "open");
      const after = submitted.slice(submitted.indexOf(lost) + 1);
      assert.deepEqual(after.map(({ kind }) => kind), ["message", "card"]);
      assert.equal(after[0].signature, lost.signature);
      assert.equal(new Set(submitted.map(({ seq }) => seq)).size, submitted.length - 1);
    },
    undefined,
    {},
    client,
  );
});

test("a server that refuses each epoch gets a few, and the message fails", () =>
  scripted(
    ({ kind }) => (kind === "epoch" ? { type: "refused", code: "bad_seq", detail: "Never." } : null),
    async (community, submitted) => {
      await community.everyone.send("hello");
      const failed = await until(community, "the failure", () => community.pending.find(({ state }) => state === "failed"));
      assert.deepEqual([failed.kind, failed.text, failed.code], ["message", "hello", "bad_seq"]);
      assert.equal(community.pending.length, 1);
      assert.ok(submitted.length <= 6, `${submitted.length}`);
    },
  ));

test("by a server whose clock is a day behind, each message has an epoch, and is said", () =>
  scripted(
    () => null,
    async (community, submitted) => {
      for (const count of [1, 2]) {
        await community.everyone.send("hello");
        await said(community, community.everyone, count);
      }
      assert.deepEqual(
        submitted.map(({ kind }) => kind),
        ["epoch", "message", "epoch", "message"],
      );
    },
    Date.now() - 26 * 60 * 60 * 1000,
  ));

test("a server that refuses an entry, and publishes it all the same when the next comes, makes nobody say it twice", () => {
  let first = null;
  return scripted(
    (entry, append) => {
      if (entry.kind !== "message") return null;
      if (!first) {
        first = entry;
        return { type: "refused", code: "bad_recipient", detail: "" };
      }
      if (entry.seq !== first.seq) return null;
      append(first);
      return { type: "refused", code: "bad_seq", detail: "" };
    },
    async (community) => {
      const told = [];
      community.on("pending", ({ kind, state }) => kind === "message" && told.push(state));
      await community.everyone.send("pay Bob 100");
      await until(community, "it is said", () => community.everyone.count > 0 && !community.pending.length);
      assert.equal(told.at(-1), "accepted");
      assert.deepEqual(await words(community.everyone), ["pay Bob 100"]);
    },
  );
});
