/** What a server says that is not so, by a server that has its key. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { accountOf, member, open, until, words } from "./servers/member.js";
import { verifyInPython } from "./servers/python.js";
import { Scripted } from "./servers/scripted.js";
import { convicted, scripted, stopped } from "./servers/two-members.js";

test("a server that keeps the rules is believed", () =>
  scripted(async ({ join }) => {
    const community = await join(await member("m01"));
    await open(community);
    assert.deepEqual(await words(community.everyone), ["one"]);
    assert.equal(community.everyone.unread, 0, "what was said before the first join is history");
  }));

test("a challenge of another community gets no signature", () =>
  scripted(async ({ server, join }) => {
    server.script.challenge = (challenge) => ({ ...challenge, community: accountOf("m01") });
    const community = await join(await member("m01"));
    assert.equal((await stopped(community)).code, "wrong_genesis");
    assert.deepEqual(
      server.received.map(({ type }) => type),
      ["hello"],
    );
  }));

test("a session that is resumed with another end than it was granted with is a bad welcome; with its own, it goes on", () =>
  scripted(async ({ server, join }) => {
    server.script.resume = (granted) => granted;
    const community = await join(await member("m01"));
    const { expiresAt } = await until(community, "open", () => community.state.name === "open" && community.state);
    const again = async () => {
      community.drop();
      await until(community, "the loss", () => community.state.name === "waiting");
      community.wake();
    };
    await again();
    await open(community);
    assert.equal(community.state.expiresAt, expiresAt);
    server.script.resume = (granted) => ({ ...granted, expires_at: granted.expires_at + 1 });
    await again();
    assert.equal((await stopped(community)).code, "bad_welcome");
    assert.equal(server.received.filter(({ type }) => type === "hello").length, 1);
  }));

test("a welcome whose head is not that of its blocks is a fork", () =>
  scripted(async ({ server, join }) => {
    server.script.welcome = () => ({ head: accountOf("m01") });
    const community = await join(await member("m01"));
    assert.equal((await stopped(community)).code, "fork");
  }));

test("words that are missing and that nobody redacts are found out by the next welcome, not before", () =>
  scripted(async ({ server, chain, join }) => {
    server.script.blocks = (frame) => {
      for (const { entry } of frame.blocks) delete entry.body.ciphertext;
      return frame;
    };
    const community = await join(await member("m01"));
    await open(community);
    assert.deepEqual(await words(community.everyone), ["(redacted)"]);
    assert.equal((await community.everyone.messages(0, 1))[0].redacted, null);
    community.drop();
    community.wake();
    assert.equal((await stopped(community)).code, "unredacted_gap");
    assert.equal(chain.blocks.length, community.size);
  }));

test("words that are missing are as they should be, once their redaction comes", () =>
  scripted(async ({ server, chain, join }) => {
    await chain.add("m02", "redaction", { index: 5, reason: "gone" });
    server.script.blocks = (frame) => {
      for (const { entry } of frame.blocks) delete entry.body.ciphertext;
      return frame;
    };
    const community = await join(await member("m01"));
    await open(community);
    assert.equal((await community.everyone.messages(0, 1))[0].redacted.reason, "gone");
    community.drop();
    community.wake();
    await until(
      community,
      "another welcome",
      () => server.received.filter(({ type }) => type === "prove").length === 2 && community.state.name === "open",
    );
  }));

test("a block by a removed member, which the server and they made together, is refused", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const community = await join(await member("m01"));
    await open(community);
    const { size } = community;
    await chain.add("authority", "roster", { add: [], remove: [accountOf("m02")] });
    await chain.message("m02", epoch, "still here");
    community.drop();
    community.wake();
    assert.equal((await stopped(community)).code, "not_allowed");
    assert.equal(community.size, size + 1, "the removal is kept");
    assert.equal(community.member(accountOf("m02")).isMember, false);
  }));

test("a server that goes on with another story, as if it knew what we have, is convicted by reading it once more", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "one story");
    for (const text of ["another", "story", "which is longer"]) await other.message("m02", epoch, text);
    const community = await join(await member("m01"));
    await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
    const { head } = community;
    server.chain = other;
    community.drop();
    community.wake();
    const { code, evidence } = await convicted(community);
    assert.equal(code, "fork");
    assert.equal(verifyInPython(evidence), chain.community);
    assert.equal(community.head, head);
    assert.deepEqual(await words(community.everyone), ["one", "one story"]);
  }));

test("a server that is convicted is told of at once, however long it makes us wait for its other story", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "one story");
    for (const text of ["another", "story", "which is longer"]) await other.message("m02", epoch, text);
    const client = await member("m01");
    const community = await join(client);
    await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
    server.chain = other;
    // It says that there is more than it shows, and signs for less than parts the stories; so nothing is at hand, and the reading waits.
    server.script.welcome = () => ({ size: other.tree.size + 5 });
    server.script.checkpoint = () => other.checkpoint(1);
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, 5) });
    const told = [];
    community.on("finding", ({ code, evidence }) => told.push([code, evidence]));
    community.drop();
    community.wake();
    const finding = await stopped(community);
    assert.equal(community.findings.at(-1), finding);
    assert.deepEqual(told, [[finding.code, null]]);
    assert.ok(["fork", "bad_prev"].includes(finding.code), finding.code);
    const kept = await client.store.range("findings", [community.id], [community.id, "\uffff"]);
    assert.deepEqual(
      kept.map(({ value }) => value),
      [finding],
    );
    // The person need not wait for the end of it.
    community.wake();
    await until(community, "another try", () => community.state.name !== "stopped");
    await stopped(community);
    assert.equal(community.findings.length, 1);
  }));

test("a server that states more than it shows is convicted by what it has signed for", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "one story");
    for (const text of ["another", "story", "which is longer"]) await other.message("m02", epoch, text);
    const community = await join(await member("m01"));
    await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
    server.chain = other;
    server.script.welcome = () => ({ size: other.tree.size + 5 });
    community.drop();
    community.wake();
    const { code, evidence } = await convicted(community);
    assert.equal(code, "fork");
    assert.equal(verifyInPython(evidence), chain.community);
    assert.equal(community.findings.length, 1);
  }));

test("two checkpoints of one size are evidence by themselves", () =>
  scripted(async ({ server, chain, epoch, join }) => {
    const other = chain.copy();
    await chain.message("m02", epoch, "one story");
    await other.message("m02", epoch, "another story");
    const community = await join(await member("m01"));
    await open(community);
    const wrong = await other.checkpoint();
    for (const socket of server.sockets.clients) socket.send(JSON.stringify({ type: "checkpoint", checkpoint: wrong }));
    const { code, evidence } = await convicted(community);
    assert.equal(code, "fork");
    assert.equal(verifyInPython(evidence), chain.community);
  }));

test("no redirect is followed, so nothing goes to another origin", () =>
  scripted(async ({ server, chain, join }) => {
    const elsewhere = await Scripted.start(chain);
    try {
      server.http.removeAllListeners("request");
      server.http.on("request", (request, response) => response.writeHead(307, { location: `${elsewhere.origin}${request.url}` }).end());
      const community = await join(await member("m01"));
      await until(community, "waiting", () => community.state.name === "waiting");
      assert.equal(community.state.code, "unreachable");
      assert.deepEqual([server.received, elsewhere.received], [[], []]);
    } finally {
      await elsewhere.end();
    }
  }));
