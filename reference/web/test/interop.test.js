/** Rust and JavaScript in one community: both send and read, members come and go, and both see the same chain. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client, MemoryStore } from "../src/index.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until, words } from "./servers/member.js";
import { RustMember } from "./servers/rust.js";

/** A community of these, with what is to be closed at the end. */
async function street(names, work) {
  const server = new Dispatchd();
  const ends = [];
  try {
    server.allow(...names.map(pemOf));
    await server.start();
    await work({
      server,
      async script(name) {
        const client = await member(name);
        ends.push(() => client.close());
        const community = await client.join(server.invitation);
        community.connect();
        await open(community);
        return { client, community };
      },
      async rust(name) {
        const rust = await RustMember.of(name);
        ends.push(() => rust.end());
        return rust;
      },
    });
  } finally {
    for (const end of ends) await end();
    await server.end();
  }
}

const said = (list) => list.map((message) => message.words);
const hasCard = (community, name) => until(community, `the card of ${name}`, () => community.member(accountOf(name))?.hasCard);
const isLast = (community, text) => until(community, `the message ${text}`, async () => (await words(community.everyone)).at(-1) === text);

test("both send and read; who is removed reads no more, and who comes late reads what is shared, on either side", async () => {
  await street(["m01", "m02", "m04"], async ({ server, script, rust }) => {
    const alice = await script("m01");
    const bob = await script("m02");
    const rolf = await rust("m04");
    const [joined] = await rolf.run("join", server.invitation.text);
    assert.equal(joined.community, server.community);
    await hasCard(alice.community, "m04");
    await hasCard(alice.community, "m02");

    // Each reads the other, and answers.
    await alice.community.everyone.send("From JavaScript: naïve 🙂 “quotes”");
    await isLast(bob.community, "From JavaScript: naïve 🙂 “quotes”");
    const [heard] = await rolf.history();
    assert.deepEqual([heard.words, heard.author], ["From JavaScript: naïve 🙂 “quotes”", accountOf("m01")]);
    await rolf.run("send", "--reply-to", String(heard.index), "From Rust: Größe, 日本語");
    await isLast(alice.community, "From Rust: Größe, 日本語");
    await isLast(bob.community, "From Rust: Größe, 日本語");
    const answer = (await alice.community.everyone.messages(1, 2))[0];
    assert.equal(answer.author, accountOf("m04"));
    assert.equal(await alice.community.everyone.numberOf(answer.content.replyTo), 0);

    // Bob (JavaScript) goes, Ruth (Rust) comes.
    server.allow(...["m01", "m04", "m05"].map(pemOf));
    await until(bob.community, "removed", () => bob.community.state.name === "refused");
    const ruth = await rust("m05");
    await ruth.run("join", server.invitation.text);
    await hasCard(alice.community, "m05");
    await rolf.run("send", "Bob has moved away.");
    await isLast(alice.community, "Bob has moved away.");
    assert.deepEqual(said(await ruth.history()), ["(sealed)", "(sealed)", "Bob has moved away."]);
    assert.deepEqual((await words(bob.community.everyone)).at(-1), "From Rust: Größe, 日本語");

    // A wrap of JavaScript's opens in Rust.
    assert.equal(await alice.community.everyone.share(accountOf("m05")), 1);
    await until(alice.community, "the share", () => alice.community.pending.length === 0);
    assert.deepEqual(said(await ruth.history()), ["From JavaScript: naïve 🙂 “quotes”", "From Rust: Größe, 日本語", "Bob has moved away."]);

    // Rolf (Rust) goes, Carol (JavaScript) comes, and a wrap of Rust's opens in JavaScript.
    server.allow(...["m01", "m03", "m05"].map(pemOf));
    const carol = await script("m03");
    await hasCard(alice.community, "m03");
    await until(alice.community, "the roster", () => !alice.community.member(accountOf("m04")).isMember);
    await alice.community.everyone.send("Rolf has moved away, too.");
    await isLast(carol.community, "Rolf has moved away, too.");
    assert.deepEqual(said(await ruth.history()).at(-1), "Rolf has moved away, too.");
    const refused = await rolf.attempt("history");
    assert.notEqual(refused.code, 0);
    assert.match(refused.told, /not_allowed|allowlist|roster/);
    assert.equal(said(await rolf.history("--offline")).at(-1), "Bob has moved away.");
    assert.deepEqual(await words(carol.community.everyone), ["(no_wrap)", "(no_wrap)", "(no_wrap)", "Rolf has moved away, too."]);
    await ruth.run("share", accountOf("m03"));
    await until(carol.community, "the past", async () => (await words(carol.community.everyone))[2] === "Bob has moved away.");
    assert.deepEqual((await words(carol.community.everyone)).slice(0, 2), ["From JavaScript: naïve 🙂 “quotes”", "From Rust: Größe, 日本語"]);

    // Each takes a message back, and the other sees it gone.
    const [first] = await alice.community.everyone.messages(0, 1);
    await alice.community.redact(first.index, "said too early");
    await ruth.run("send", "Forget this.");
    await isLast(alice.community, "Forget this.");
    const [mine] = (await ruth.history()).slice(-1);
    await ruth.run("redact", String(mine.index), "--reason", "forgotten");
    await until(alice.community, "the redaction", async () => (await words(alice.community.everyone)).at(-1) === "(redacted)");
    assert.deepEqual(said(await ruth.history()), ["(redacted)", "From Rust: Größe, 日本語", "Bob has moved away.", "Rolf has moved away, too.", "(redacted)"]);

    // One chain, to the last bit.
    const { size, head } = alice.community;
    const file = join(ruth.folder, "chain.jsonl");
    await ruth.run("export", "--output", file);
    const blocks = readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)).filter((line) => !line.checkpoint);
    assert.equal(blocks.length, size);
    const [verdict] = await ruth.run("verify", file);
    assert.equal(verdict.head, head);
  });
});

test("a conversation of two is private on both sides", async () => {
  await street(["m01", "m04", "m05"], async ({ server, script, rust }) => {
    const alice = await script("m01");
    const [rolf, ruth] = [await rust("m04"), await rust("m05")];
    await rolf.run("join", server.invitation.text);
    await ruth.run("join", server.invitation.text);
    await hasCard(alice.community, "m04");
    await hasCard(alice.community, "m05");
    await alice.community.conversationWith([accountOf("m04")]).send("For you alone.");
    await until(alice.community, "sent", () => alice.community.pending.length === 0);
    await rolf.run("send", "--to", accountOf("m01"), "And for you.");
    const two = await until(alice.community, "the answer", async () => {
      const conversation = alice.community.conversationWith([accountOf("m04")]);
      return conversation.count === 2 && conversation;
    });
    assert.deepEqual(await words(two), ["For you alone.", "And for you."]);
    assert.equal(alice.community.everyone.count, 0);
    assert.deepEqual(said(await rolf.history()), ["For you alone.", "And for you."]);
    assert.deepEqual(said(await ruth.history()), ["(sealed)", "(sealed)"]);
  });
});

test("a backup moves a member from one implementation to the other, and back", async () => {
  await street(["m01", "m04"], async ({ server, script, rust }) => {
    const alice = await script("m01");
    const rolf = await rust("m04");
    await rolf.run("join", server.invitation.text);
    await hasCard(alice.community, "m04");
    await alice.community.everyone.send("Before the move.");
    await until(alice.community, "sent", () => alice.community.pending.length === 0);

    const file = join(rolf.folder, "backup.json");
    await rolf.run("backup", file);
    const client = await Client.open({ store: new MemoryStore() });
    await assert.rejects(client.restoreBackup(readFileSync(file, "utf8"), "another passphrase"), { code: "bad_passphrase" });
    await client.restoreBackup(readFileSync(file, "utf8"), "passphrase of a test");
    try {
      assert.equal(client.identity.account, accountOf("m04"));
      const [community] = client.communities;
      assert.equal(community.id, server.community);
      community.connect();
      await open(community);
      assert.deepEqual(await words(community.everyone), ["Before the move."]);
      await community.everyone.send("From the other side.");
      await isLast(alice.community, "From the other side.");

      const back = new RustMember();
      try {
        await client.renewBackup("passphrase of a test");
        writeFileSync(join(back.folder, "backup.json"), client.backup.text);
        const [restored] = await back.run("restore", join(back.folder, "backup.json"), "--no-passphrase");
        assert.equal(restored.account, accountOf("m04"));
        assert.deepEqual(said(await back.history()), ["Before the move.", "From the other side."]);
      } finally {
        back.end();
      }
    } finally {
      await client.close();
    }
  });
});
