import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client, MemoryStore } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { CommandLine } from "./servers/command-line.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { VECTORS } from "./vectors/files.js";
import { accountOf, backupOf, guests, member, open, pemOf, until, words } from "./servers/member.js";
import { Scripted } from "./servers/scripted.js";

async function withBoth(work) {
  const server = new Dispatchd("Both");
  const rust = new CommandLine();
  const { join, leave } = guests(server);
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    await work({ server, rust, join });
  } finally {
    await leave();
    rust.end();
    await server.end();
  }
}

const texts = (lines) => lines.filter(({ type }) => type === "message").map(({ text }) => text ?? null);

test("JavaScript and Rust talk in one community, with members removed and added in between", () =>
  withBoth(async ({ server, rust, join }) => {
    // Rust is m02, by a backup that JavaScript made.
    await rust.dispatch("restore", rust.file("m02.json", await backupOf("m02")));
    const alice = await join(await member("m01"));
    await open(alice);
    await rust.dispatch("join", server.invitation.text);
    await until(alice, "Rust's card", () => alice.member(accountOf("m02"))?.hasCard);
    await alice.everyone.send("Hello from JavaScript.");
    await until(alice, "the message", () => alice.everyone.count === 1);
    assert.deepEqual(texts(await rust.json("history")), ["Hello from JavaScript."]);
    await rust.dispatch("send", "Hello from Rust. \u{1F600} é é");
    await until(alice, "the answer", () => alice.everyone.count === 2);
    assert.deepEqual(await words(alice.everyone), ["Hello from JavaScript.", "Hello from Rust. \u{1F600} é é"]);
    assert.equal((await alice.everyone.messages(1, 2))[0].author, accountOf("m02"));

    // Rust is removed, and cannot read on; Carol comes, in JavaScript, and reads what Rust's share lets her read later.
    server.allow(pemOf("m01"), pemOf("m03"));
    await until(alice, "the removal", () => !alice.member(accountOf("m02")).isMember);
    const carol = await join(await member("m03"));
    await until(alice, "Carol's card", () => alice.member(accountOf("m03"))?.hasCard);
    await alice.everyone.send("Not for Rust.");
    await until(carol, "the message", async () => (await words(carol.everyone)).at(-1) === "Not for Rust.");
    await assert.rejects(rust.dispatch("send", "May I?"), ({ stderr }) => /not_allowed/.test(stderr));
    assert.deepEqual(texts(await rust.json("history", "--offline")), ["Hello from JavaScript.", "Hello from Rust. \u{1F600} é é"]);

    // Rust comes back: it verifies all, and reads what its epochs allow.
    server.allow(pemOf("m01"), pemOf("m02"), pemOf("m03"));
    await until(alice, "the return", () => alice.member(accountOf("m02")).isMember);
    const tail = rust.tail();
    try {
      await alice.everyone.send("Welcome back.");
      await tail.until(({ text }) => text === "Welcome back.");
      assert.ok(!tail.lines.some(({ text }) => text === "Not for Rust."));
      await rust.dispatch("share", accountOf("m03"));
      await until(carol, "the past", async () => (await words(carol.everyone))[0] === "Hello from JavaScript.");
      await alice.everyone.share(accountOf("m02"));
    } finally {
      await tail.end();
    }
    await until(alice, "all is said", () => alice.pending.length === 0);
    assert.deepEqual(texts(await rust.json("history")), [
      "Hello from JavaScript.",
      "Hello from Rust. \u{1F600} é é",
      "Not for Rust.",
      "Welcome back.",
    ]);
    const members = await rust.json("members");
    assert.ok(members.length);
    assert.deepEqual(alice.findings, []);
  }));

test("a private conversation of both, and a redaction of each", () =>
  withBoth(async ({ server, rust, join }) => {
    server.allow(pemOf("m01"), pemOf("m02"), pemOf("m03"));
    await rust.dispatch("restore", rust.file("m02.json", await backupOf("m02")));
    const alice = await join(await member("m01"));
    const carol = await join(await member("m03"));
    await until(alice, "three members", () => alice.member(accountOf("m03"))?.hasCard);
    await rust.dispatch("join", server.invitation.text);
    await until(alice, "Rust's card", () => alice.member(accountOf("m02"))?.hasCard);
    await rust.dispatch("send", "--to", accountOf("m01"), "Just for you.");
    const secret = alice.conversationWith([accountOf("m02")]);
    await until(alice, "the private words", () => secret.count === 1);
    assert.deepEqual(await words(secret), ["Just for you."]);
    await secret.send("And for you.");
    await until(alice, "the answer", () => secret.count === 2 && alice.pending.length === 0);
    assert.deepEqual(texts(await rust.json("history")), ["Just for you.", "And for you."]);
    assert.deepEqual([await words(carol.everyone), carol.everyone.count], [[], 0]);
    const [first, second] = await secret.messages(0, 2);
    await rust.dispatch("redact", String(first.index));
    await alice.redact(second.index, "mine");
    await until(alice, "both are gone", async () => (await words(secret)).join() === "(redacted),(redacted)");
    assert.ok(!texts(await rust.json("history")).some((text) => text));
  }));

test("a backup goes from each to the other, with its account", async () => {
  const rust = new CommandLine();
  try {
    await rust.dispatch("keygen");
    const [{ id: account }] = await rust.json("id");
    const file = rust.file("from-rust.json");
    await rust.dispatch("backup", file);
    const client = await Client.open({ store: new MemoryStore() });
    await client.restoreBackup(readFileSync(file, "utf8"), "passphrase of a test");
    assert.equal(client.identity.account, account);
  } finally {
    rust.end();
  }
});

test("evidence that JavaScript keeps convicts in Rust", async () => {
  const rust = new CommandLine();
  const chain = await ChainMaker.found(["m01", "m02"]);
  const other = chain.copy();
  const epoch = await chain.epoch("m02", ["m01", "m02"]);
  await chain.message("m02", epoch, "one story");
  const server = await Scripted.start(chain);
  const client = await member("m01");
  try {
    const community = await client.join(server.invitation);
    community.connect();
    await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
    const another = await other.epoch("m02", ["m01", "m02"]);
    for (const text of ["another", "and longer"]) await other.message("m02", another, text);
    server.chain = other;
    community.drop();
    community.wake();
    await until(community, "evidence", () => community.state.name === "stopped" && community.state.finding.evidence);
    const { evidence } = community.state.finding;
    assert.match(await rust.dispatch("verify", rust.file("evidence.json", evidence)), new RegExp(chain.community));
    const changed = JSON.parse(evidence);
    changed.second.time++;
    await assert.rejects(rust.dispatch("verify", rust.file("changed.json", JSON.stringify(changed))));
  } finally {
    await client.close();
    await server.end();
    rust.end();
  }
});

/** A community of these, joined from either side, with all that is to be closed at the end. */
async function street(names, work) {
  const server = new Dispatchd("Both");
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
        const rust = new CommandLine();
        ends.push(() => rust.end());
        await rust.dispatch("keygen", "--no-passphrase", "--import", fileURLToPath(new URL(`keys/${name}.test-key.pem`, VECTORS)));
        return rust;
      },
    });
  } finally {
    for (const end of ends) await end();
    await server.end();
  }
}

const history = async (rust, ...given) => (await rust.json("history", ...given)).map(({ state, text, author, index }) => ({ words: text ?? `(${state})`, author, index }));
const said = (list) => list.map((message) => message.words);
const hasCard = (community, name) => until(community, `the card of ${name}`, () => community.member(accountOf(name))?.hasCard);
const isLast = (community, text) => until(community, `the message ${text}`, async () => (await words(community.everyone)).at(-1) === text);

test("members come and go on either side: who is removed reads no more, who comes late reads what is shared, and both hold one chain", async () => {
  await street(["m01", "m02", "m04"], async ({ server, script, rust }) => {
    const alice = await script("m01");
    const bob = await script("m02");
    const rolf = await rust("m04");
    const [joined] = await rolf.json("join", server.invitation.text);
    assert.equal(joined.community, server.community);
    await hasCard(alice.community, "m04");
    await hasCard(alice.community, "m02");

    // Each reads the other, and answers.
    await alice.community.everyone.send("From JavaScript: naïve 🙂 “quotes”");
    await isLast(bob.community, "From JavaScript: naïve 🙂 “quotes”");
    const [heard] = await history(rolf);
    assert.deepEqual([heard.words, heard.author], ["From JavaScript: naïve 🙂 “quotes”", accountOf("m01")]);
    await rolf.dispatch("send", "--reply-to", String(heard.index), "From Rust: Größe, 日本語");
    await isLast(alice.community, "From Rust: Größe, 日本語");
    await isLast(bob.community, "From Rust: Größe, 日本語");
    const answer = (await alice.community.everyone.messages(1, 2))[0];
    assert.equal(answer.author, accountOf("m04"));
    assert.equal(await alice.community.everyone.numberOf(answer.content.replyTo), 0);

    // Bob (JavaScript) goes, Ruth (Rust) comes.
    server.allow(...["m01", "m04", "m05"].map(pemOf));
    await until(bob.community, "removed", () => bob.community.state.name === "refused");
    const ruth = await rust("m05");
    await ruth.dispatch("join", server.invitation.text);
    await hasCard(alice.community, "m05");
    await rolf.dispatch("send", "Bob has moved away.");
    await isLast(alice.community, "Bob has moved away.");
    assert.deepEqual(said(await history(ruth)), ["(sealed)", "(sealed)", "Bob has moved away."]);
    assert.deepEqual((await words(bob.community.everyone)).at(-1), "From Rust: Größe, 日本語");

    // A wrap of JavaScript's opens in Rust.
    assert.equal(await alice.community.everyone.share(accountOf("m05")), 1);
    await until(alice.community, "the share", () => alice.community.pending.length === 0);
    assert.deepEqual(said(await history(ruth)), ["From JavaScript: naïve 🙂 “quotes”", "From Rust: Größe, 日本語", "Bob has moved away."]);

    // Rolf (Rust) goes, Carol (JavaScript) comes, and a wrap of Rust's opens in JavaScript.
    server.allow(...["m01", "m03", "m05"].map(pemOf));
    const carol = await script("m03");
    await hasCard(alice.community, "m03");
    await until(alice.community, "the roster", () => !alice.community.member(accountOf("m04")).isMember);
    await alice.community.everyone.send("Rolf has moved away, too.");
    await isLast(carol.community, "Rolf has moved away, too.");
    assert.deepEqual(said(await history(ruth)).at(-1), "Rolf has moved away, too.");
    await assert.rejects(rolf.dispatch("history"), ({ stderr }) => /not_allowed/.test(stderr));
    assert.equal(said(await history(rolf, "--offline")).at(-1), "Bob has moved away.");
    assert.deepEqual(await words(carol.community.everyone), ["(no_wrap)", "(no_wrap)", "(no_wrap)", "Rolf has moved away, too."]);
    await ruth.dispatch("share", accountOf("m03"));
    await until(carol.community, "the past", async () => (await words(carol.community.everyone))[2] === "Bob has moved away.");
    assert.deepEqual((await words(carol.community.everyone)).slice(0, 2), ["From JavaScript: naïve 🙂 “quotes”", "From Rust: Größe, 日本語"]);

    // Each takes a message back, and the other sees it gone.
    const [first] = await alice.community.everyone.messages(0, 1);
    await alice.community.redact(first.index, "said too early");
    await ruth.dispatch("send", "Forget this.");
    await isLast(alice.community, "Forget this.");
    const [mine] = (await history(ruth)).slice(-1);
    await ruth.dispatch("redact", String(mine.index), "--reason", "forgotten");
    await until(alice.community, "the redaction", async () => (await words(alice.community.everyone)).at(-1) === "(redacted)");
    assert.deepEqual(said(await history(ruth)), ["(redacted)", "From Rust: Größe, 日本語", "Bob has moved away.", "Rolf has moved away, too.", "(redacted)"]);

    // One chain, to the last bit.
    const { size, head } = alice.community;
    const file = ruth.file("chain.jsonl");
    await ruth.dispatch("export", "--output", file);
    const blocks = readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)).filter((line) => !line.checkpoint);
    assert.equal(blocks.length, size);
    const [verdict] = await ruth.json("verify", file);
    assert.equal(verdict.head, head);
  });
});
