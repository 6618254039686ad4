/** What a client remembers of a community, over starts, backups and damage, so that no other chain takes the place of its own. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { sealBackup, verifyEvidence, writeContents } from "../src/core.js";
import { Client, MemoryStore } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { accountOf, member, open, privateKeyOf, until, words } from "./servers/member.js";
import { verifyInPython } from "./servers/python.js";
import { Scripted } from "./servers/scripted.js";
import { convicted, scripted, stopped } from "./servers/two-members.js";
import { readAccounts } from "./vectors/files.js";

test("a server that forgets what it signed for and goes on is convicted by what a backup remembers", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const older = chain.copy();
    await chain.message("m02", epoch, "two");
    await chain.message("m02", epoch, "three");
    const signed = await chain.checkpoint();
    const backup = await sealBackup(
      writeContents({
        private_key: privateKeyOf("m01"),
        cards: [readAccounts().find(({ name }) => name === "m01").x25519_private],
        communities: [{ invitation: server.invitation.text, checkpoint: signed }],
      }),
      "x",
    );
    const restored = async (text) => {
      const client = await Client.open({ store: new MemoryStore() });
      await client.restoreBackup(text, "x");
      return client;
    };

    // Shorter than it was: a rollback, though this device never saw a block.
    server.chain = older;
    const shorter = await join(await restored(backup));
    assert.equal((await stopped(shorter)).code, "rollback");
    assert.equal(shorter.size, 0);

    // Longer, and another.
    for (const text of ["another two", "another three", "and four"]) await older.message("m02", epoch, text);
    const other = await join(await restored(backup));
    const { code, evidence } = await convicted(other);
    assert.equal(code, "fork");
    assert.deepEqual(await verifyEvidence(evidence), { community: chain.community });
    assert.equal(verifyInPython(evidence), chain.community);

    // The same where the server shows no other checkpoint than one from before they part.
    server.script.checkpoint = () => older.checkpoint(1);
    const hidden = await join(await restored(backup));
    assert.equal((await stopped(hidden)).code, "fork");
    server.script = {};

    // The chain that was signed for is taken.
    server.chain = chain;
    const same = await join(await restored(backup));
    await open(same);
    assert.deepEqual(await words(same.everyone), ["one", "two", "three"]);

    // A checkpoint that the server never signed accuses nobody.
    const forged = { ...(await chain.checkpoint(chain.tree.size, "m02")), size: 1000 };
    const lie = await sealBackup(
      writeContents({ private_key: privateKeyOf("m01"), cards: [], communities: [{ invitation: server.invitation.text, checkpoint: forged }] }),
      "x",
    );
    const unimpressed = await join(await restored(lie));
    await open(unimpressed);
    assert.deepEqual(unimpressed.findings, []);
  }));

test("a checkpoint out of a backup takes the place of none that was verified here, before it is verified itself", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "two");
    await other.message("m02", epoch, "another two");
    const size = chain.tree.size;
    server.script.checkpoint = () => chain.checkpoint(size - 2);
    const store = new MemoryStore();
    store.close = async () => {};
    const first = await member("m01", { store });
    const community = await join(first);
    await open(community);
    const { checkpoint } = community;
    assert.equal(checkpoint.size, size - 2);
    const restoreOver = async (client, claim) => {
      const communities = [{ invitation: server.invitation.text, checkpoint: claim }];
      await client.restoreBackup(await sealBackup(writeContents({ private_key: privateKeyOf("m01"), cards: [], communities }), "x"), "x");
    };
    // One within what is held, and one beyond, by somebody who is not the server.
    for (const claim of [{ ...(await chain.checkpoint(size, "m02")), size: size - 1 }, { ...(await chain.checkpoint(size, "m02")), size: 1000 }])
      await restoreOver(first, claim);
    assert.deepEqual(community.checkpoint, checkpoint);
    await first.close();
    const second = await Client.open({ store });
    const [again] = second.communities;
    assert.deepEqual([again.checkpoint, again.size], [checkpoint, size]);
    again.connect();
    await open(again);
    assert.deepEqual([again.checkpoint, again.findings], [checkpoint, []]);

    // One that the server has signed, and that is higher, counts from the next connection on.
    const higher = await chain.checkpoint(size);
    await restoreOver(second, higher);
    again.drop();
    again.wake();
    await until(again, "the higher one", () => again.checkpoint.size === size);
    await open(again);
    // One that it has signed of another story convicts it.
    await restoreOver(second, await other.checkpoint());
    again.drop();
    again.wake();
    const { code, evidence } = await convicted(again);
    assert.equal(code, "fork");
    assert.equal(verifyInPython(evidence), chain.community);
    assert.deepEqual(again.checkpoint, higher);
    await second.close();
  }));

test("a community that was stopped stays so over a new start, until its person decides, and that is kept as well", () =>
  scripted(async ({ server, join }) => {
    const store = new MemoryStore();
    store.close = async () => {};
    let fetched = 0;
    const counting = (...given) => {
      fetched++;
      return fetch(...given);
    };
    const again = async () => {
      const client = await Client.open({ store, fetch: counting });
      const [community] = client.communities;
      const told = [];
      community.on("state", ({ name }) => told.push(name));
      return { client, community, told };
    };
    server.script.welcome = () => ({ head: accountOf("m01") });
    const client = await member("m01", { store });
    const first = await stopped(await join(client));
    await client.close();

    const second = await again();
    assert.deepEqual(second.community.state, { name: "stopped", finding: first });
    assert.equal(second.community.state.finding, second.community.findings[0]);
    second.community.connect();
    second.community.networkIsBack();
    await new Promise(setImmediate);
    await second.community.disconnect();
    second.community.connect();
    await new Promise(setImmediate);
    assert.deepEqual([second.told, fetched], [[], 0], "it does not dial by itself");
    assert.equal(second.community.state.name, "stopped");
    await second.client.close();

    // The person decides, without a `connect`: the server lies on, and it is stopped again.
    const third = await again();
    third.community.wake();
    await until(third.community, "stopped again", () => third.told.at(-1) === "stopped");
    assert.equal(third.told[0], "connecting");
    assert.equal(third.community.findings.length, 1);
    await third.client.close();

    // The server is mended; what the person decided outlives the program.
    server.script = {};
    const fourth = await again();
    fourth.community.wake();
    await open(fourth.community);
    await fourth.client.close();
    const fifth = await again();
    assert.equal(fifth.community.state.name, "offline");
    fifth.community.connect();
    await open(fifth.community);
    await fifth.client.close();
  }));

test("another address, given by the person, is dialled, whatever was found at the one before", () =>
  scripted(async ({ server, chain, join }) => {
    const elsewhere = await Scripted.start(chain);
    try {
      server.script.challenge = (challenge) => ({ ...challenge, community: accountOf("m01") });
      const client = await member("m01");
      await stopped(await join(client));
      const moved = await client.join(elsewhere.invitation);
      moved.connect();
      await open(moved);
      await moved.disconnect();
    } finally {
      await elsewhere.end();
    }
  }));

/** Of what is not shown there is no event. */
async function held(community, size) {
  while (community.ledger.chain.size !== size) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("after damage, or with a backup's checkpoint alone, another story is not shown, and takes no other's place", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "the true story");
    for (const text of ["the false story", "and more", "last"]) await other.message("m02", epoch, text);
    const community = await join(await member("m01"));
    await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
    const { head, checkpoint } = community;
    const backup = await sealBackup(
      writeContents({ private_key: privateKeyOf("m01"), cards: [], communities: [{ invitation: server.invitation.text, checkpoint }] }),
      "x",
    );
    // The server shows another story, without its end, and signs for nothing that parts the two.
    server.chain = other;
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, -1) });
    server.script.checkpoint = () => other.checkpoint(1);
    await community.refetch("What is kept was damaged.");
    assert.equal((await stopped(community)).code, "fork");
    assert.equal(community.head, head);
    assert.deepEqual(await words(community.everyone), ["one", "the true story"]);

    const client = await Client.open({ store: new MemoryStore() });
    await client.restoreBackup(backup, "x");
    const seen = [];
    const fresh = client.communities[0];
    for (const name of ["blocks", "message", "roster"]) fresh.on(name, (event) => seen.push(event));
    // At first it stops right before what is signed for, then one behind it.
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, checkpoint.size - 1) });
    await join(client);
    await held(fresh, checkpoint.size - 1);
    assert.deepEqual([fresh.state.name, fresh.size, fresh.everyone.count, seen], ["syncing", 0, 0, []]);
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, checkpoint.size + 1 - frame.from) });
    fresh.drop();
    fresh.wake();
    assert.equal((await stopped(fresh)).code, "fork");
    assert.deepEqual([fresh.size, fresh.everyone.count, seen], [0, 0, []]);

    // The story that was signed for is shown, all of it, though it came in parts.
    server.chain = chain;
    server.script = { blocks: server.script.blocks };
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, frame.from ? undefined : 3) });
    fresh.wake();
    await held(fresh, 3);
    assert.deepEqual([fresh.size, seen], [0, []]);
    fresh.drop();
    fresh.wake();
    await open(fresh);
    assert.equal(fresh.everyone.count, 2);
    assert.equal(fresh.head, head);
    assert.deepEqual(seen.filter(({ message }) => message).map(({ message }) => message.index), [5, 6]);
  }));

test("after damage at a start, what no checkpoint covers has to be what was verified as well", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    for (const text of ["two", "three"]) await chain.message("m02", epoch, text);
    for (const text of ["another two", "and three", "and four"]) await other.message("m02", epoch, text);
    const covered = await chain.checkpoint(5);
    server.script.checkpoint = () => covered;
    const store = new MemoryStore();
    store.close = async () => {};
    const first = await member("m01", { store });
    const { size } = chain.tree;
    await open(await join(first));
    await first.close();
    const [{ value: whole }] = await store.range("facts", [chain.community, "snapshot"], [chain.community, "snapshot\uffff"]);
    const damaged = async (value) => {
      await store.commit([{ table: "facts", key: [chain.community, "snapshot"], value }]);
      return join(await Client.open({ store }));
    };
    const stoppedOver = (community, code) => until(community, code, () => community.state.name === "stopped" && community.state.finding.code === code);

    // Blocks that contradict nothing that is signed for, and are others.
    server.chain = other;
    const lied = await damaged({ ...whole, text: "{" });
    assert.deepEqual([lied.size, lied.everyone.count], [0, 0]);
    const seen = [];
    for (const name of ["blocks", "message"]) lied.on(name, (event) => seen.push(event));
    await stoppedOver(lied, "fork");
    assert.deepEqual([lied.size, lied.everyone.count, seen], [0, 0, []]);
    await lied.disconnect();

    // Fewer, though as many as are signed for.
    const shorter = chain.copy();
    shorter.blocks.pop();
    server.chain = await remade(shorter);
    const back = await damaged({ ...whole, text: "{" });
    back.wake();
    await stoppedOver(back, "rollback");
    await back.disconnect();

    // The same again, which goes on.
    await chain.message("m02", epoch, "four");
    server.chain = chain;
    const same = await damaged({ ...whole, text: "{" });
    same.wake();
    await open(same);
    assert.equal(same.size, size + 1);
    assert.deepEqual(await words(same.everyone), ["one", "two", "three", "four"]);
    await same.disconnect();
    // A pin that is damaged itself accuses nobody.
    const pin = await store.get("facts", [chain.community, "pin"]);
    await store.commit([{ table: "facts", key: [chain.community, "pin"], value: { ...pin, size: 1000 } }]);
    await open(await join(await Client.open({ store })));
  }));

/** The same blocks in another maker. */
async function remade({ blocks }) {
  const maker = new ChainMaker();
  for (const block of blocks) maker.append(block);
  return maker;
}
