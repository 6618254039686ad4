import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { verifyEvidence } from "../src/index.js";
import { Control } from "./servers/control.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until, words } from "./servers/member.js";
import { verifyInPython } from "./servers/python.js";

/** Joins, and says something as soon as that goes: enough to make each of the faults show. */
async function begin(control, name) {
  const client = await member(name);
  const community = await client.join(control.invitation);
  community.connect();
  await until(community, "an end of the join", () => ["open", "stopped", "waiting"].includes(community.state.name));
  if (community.state.name === "open") await community.everyone.send(`${name} was here`);
  return { client, community };
}

/** fault → the code of the finding, and what has to be done for it to show: `reconnect` where the first connection is as it should be. */
const FAULTS = [
  ["CHAIN-2", "bad_prev", "a block that is not linked to the one before it"],
  ["CHAIN-6", "bad_signature", "a forged block: an entry that its author did not sign so"],
  ["CHAIN-5/id", "fork", "a receipt that names another block than there is"],
  ["CHECK-1", "bad_checkpoint", "checkpoints by another key"],
  ["CHECK-1/time", "bad_checkpoint", "checkpoints of which not everything is signed"],
  ["CHECK-2", "fork", "a checkpoint with another head than the chain's"],
  ["CHECK-2/root", "fork", "a checkpoint with another root than the chain's"],
  ["JOIN-15", "bad_welcome", "a welcome with a token that is not ours"],
  ["JOIN-16", "bad_welcome", "a welcome by another server's key"],
  ["JOIN-16/token", "bad_welcome", "a welcome that does not sign our token"],
  ["SYNC-2", "bad_index", "blocks in falling order"],
  ["DISC-2", "wrong_genesis", "a community's id that is none", "other id"],
  ["DISC-2/genesis", "wrong_genesis", "a genesis that changes with each request", "other id"],
  ["SESS-12", "bad_welcome", "a resumed session's welcome that is an old one", "reconnect", "open"],
  ["JOIN-16/repeated", "bad_welcome", "a welcome whose signature is an old one", "reconnect"],
  ["SYNC-1/ignores", "bad_index", "blocks that were sent before", "reconnect"],
];

describe("a server that is known to be wrong", { concurrency: 4 }, () => {
  for (const [fault, code, what, needs, afterwards = "stopped"] of FAULTS) {
    test(`a server shows ${what}: the finding is ${code} (${fault})`, async () => {
      const control = await Control.start(fault);
      let client;
      try {
        const begun = await begin(control, "m01");
        client = begun.client;
        const { community } = begun;
        if (needs === "reconnect") {
          await until(community, "the message", () => community.everyone.count === 1 && community.pending.length === 0);
          community.drop();
          community.wake();
        }
        await until(community, "a finding", () => community.state.name === "stopped");
        assert.equal(community.state.finding.code, code);
        assert.equal(community.findings.at(-1).code, code);
        // What was verified before stays, and can be read.
        const { size } = community;
        if (needs !== "other id" && size) await words(community.everyone);
        // It does not join again by itself, but when the person says so; and the server's fault is still there, or does not show in another join.
        const told = [];
        community.on("state", ({ name }) => told.push(name));
        community.wake();
        await until(community, `${afterwards} again`, () => told.at(-1) === afterwards);
        assert.equal(told[0], "connecting");
        assert.ok(community.size >= size);
      } finally {
        await client?.close();
        await control.end();
      }
    });
  }
});

test("a server that keeps every rule raises no finding in the same steps", async () => {
  const control = await Control.start();
  const clients = [];
  try {
    const alice = await begin(control, "m01");
    const bob = await begin(control, "m02");
    clients.push(alice.client, bob.client);
    for (const { community } of [alice, bob]) {
      await until(community, "both messages", () => community.everyone.count === 2 && community.pending.length === 0);
      community.drop();
      await open(community);
      await until(community, "all is covered", () => community.checkpoint.size === community.size);
      assert.deepEqual(community.findings, []);
    }
  } finally {
    for (const client of clients) await client.close();
    await control.end();
  }
});

async function restored(work) {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    const join = async (name) => {
      const client = await member(name);
      clients.push(client);
      const community = await client.join(server.invitation);
      community.connect();
      return community;
    };
    const alice = await join("m01");
    await until(alice, "the card", () => alice.member(accountOf("m01"))?.hasCard);
    await server.kill("SIGTERM");
    server.copyStore();
    await server.start();
    alice.wake();
    await alice.everyone.send("said before the loss");
    await until(alice, "the message, covered", () => alice.everyone.count === 1 && alice.checkpoint.size === alice.size);
    await server.kill("SIGTERM");
    server.restoreStore();
    await work({ server, alice, join });
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
}

test("a server that was restored from a backup is a rollback: the client stops, and loses nothing", () =>
  restored(async ({ server, alice }) => {
    const { head, size, checkpoint } = alice;
    await server.start();
    alice.wake();
    await until(alice, "stopped", () => alice.state.name === "stopped");
    assert.equal(alice.state.finding.code, "rollback");
    assert.equal(alice.state.finding.evidence, null); // an honest server's older checkpoints look the same
    assert.deepEqual([alice.head, alice.size, alice.checkpoint], [head, size, checkpoint]);
    assert.deepEqual(await words(alice.everyone), ["said before the loss"]);
  }));

test("a restored server that goes on is a fork, and the evidence convicts it, here and in Python", () =>
  restored(async ({ server, alice, join }) => {
    const { head, size } = alice;
    await server.start();
    const bob = await join("m02");
    await until(bob, "the card", () => bob.member(accountOf("m02"))?.hasCard);
    for (const text of ["one", "two", "three"]) await bob.everyone.send(text);
    await until(bob, "a longer chain, covered", () => bob.everyone.count === 3 && bob.size > size && bob.checkpoint.size === bob.size);
    alice.wake();
    await until(alice, "evidence", () => alice.state.name === "stopped" && alice.state.finding.evidence);
    const { code, evidence, text } = alice.state.finding;
    assert.equal(code, "fork");
    assert.match(text, /\.$/);
    assert.deepEqual(await verifyEvidence(evidence), { community: server.community });
    assert.equal(verifyInPython(evidence), server.community);
    assert.deepEqual([alice.head, alice.size], [head, size]);
    // Turned round or cut, it proves nothing.
    const file = JSON.parse(evidence);
    for (const other of [
      { ...file, first: file.second, second: file.first },
      { ...file, inclusion: undefined },
      { ...file, first: { ...file.first, time: file.first.time + 1 } },
    ]) {
      await assert.rejects(verifyEvidence(JSON.stringify(other)), { code: "bad_evidence" });
    }
    // The finding outlives the program.
    const kept = await alice.host.store.range("findings", [server.community], [server.community, "\uffff"]);
    assert.equal(kept.at(-1).value.evidence, evidence);
  }));

test("a restored server's shorter chain is a fork as well, if it has signed for another one of that length", () =>
  restored(async ({ server, alice, join }) => {
    await server.start();
    const bob = await join("m02");
    await until(
      bob,
      "another chain, covered, no longer than Alice's",
      () => bob.member(accountOf("m02"))?.hasCard && bob.checkpoint.size === bob.size,
    );
    assert.ok(bob.size <= alice.size);
    alice.wake();
    await until(alice, "evidence", () => alice.state.name === "stopped" && alice.state.finding.evidence);
    assert.equal(alice.state.finding.code, "fork");
    assert.equal(verifyInPython(alice.state.finding.evidence), server.community);
  }));
