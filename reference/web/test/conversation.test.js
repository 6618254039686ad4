import assert from "node:assert/strict";
import { test } from "node:test";
import { ChainMaker } from "./servers/chain-maker.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until, words } from "./servers/member.js";
import { Scripted } from "./servers/scripted.js";

async function joined(name, server, options) {
  const client = await member(name, options);
  const community = await client.join(server.invitation);
  community.connect();
  return { client, community };
}

/** Everybody has published a card, as this one sees it. */
const withCards = (community, ...names) =>
  until(community, `cards of ${names}`, () => names.every((name) => community.member(accountOf(name))?.hasCard));
const isLast = (community, text) => until(community, `the message ${text}`, async () => (await words(community.everyone)).at(-1) === text);

test("private words that were written while everybody else was removed are not shown as if they were for everyone", async () => {
  const chain = await ChainMaker.found(["m01", "m02", "m03"]);
  const seen = chain.tree.size;
  await chain.add("authority", "roster", { add: [], remove: [accountOf("m03")] });
  const epoch = await chain.epoch("m02", ["m01", "m02"], seen);
  await chain.message("m02", epoch, "for you alone");
  await chain.message("m02", await chain.epoch("m02", ["m01", "m02"]), "for all who are left");
  const server = await Scripted.start(chain);
  const { client, community } = await joined("m01", server);
  try {
    await open(community);
    assert.deepEqual(await words(community.everyone), ["for all who are left"]);
    const [, secret] = community.conversations;
    assert.deepEqual(await words(secret), ["for you alone"]);
    assert.equal(secret.canSend, "not_private");
  } finally {
    await client.close();
    await server.end();
  }
});

test("two members talk; one is removed and cannot read on; a late joiner verifies all, and reads what is shared", async () => {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    const alice = await joined("m01", server);
    const bob = await joined("m02", server);
    clients.push(alice.client, bob.client);
    await Promise.all([open(alice.community), open(bob.community)]);
    assert.equal(alice.community.name, "Our street");
    await withCards(alice.community, "m01", "m02");

    const sent = await alice.community.everyone.send("Hello, Bob.");
    assert.equal(sent.state, "waiting");
    await isLast(bob.community, "Hello, Bob.");
    const [{ id, author, status }] = await bob.community.everyone.messages(0, 1);
    assert.equal(author, accountOf("m01"));
    assert.ok(["accepted", "checkpointed"].includes(status));
    await bob.community.everyone.send("Hello, Alice.", { replyTo: id });
    await isLast(alice.community, "Hello, Alice.");
    const [, answer] = await alice.community.everyone.messages(0, 2);
    assert.equal(await alice.community.everyone.numberOf(answer.content.replyTo), 0);
    await until(alice.community, "checkpointed", async () => (await alice.community.everyone.messages(1, 2))[0].status === "checkpointed");
    assert.equal(alice.community.everyone.unread, 1);
    await alice.community.everyone.markRead(2);
    assert.equal(alice.community.everyone.unread, 0);

    // Bob goes, Carol comes.
    server.allow(pemOf("m01"), pemOf("m03"));
    await until(bob.community, "removed", () => bob.community.state.name === "refused");
    assert.equal(bob.community.state.code, "removed");
    await until(alice.community, "the roster", () => alice.community.member(accountOf("m03"))?.isMember);
    const { history } = alice.community.member(accountOf("m02"));
    assert.deepEqual(
      history.map(({ what }) => what),
      ["added", "removed"],
    );
    assert.equal(history[1].by, alice.community.members.find(({ isAuthority }) => isAuthority).account);

    const carol = await joined("m03", server);
    clients.push(carol.client);
    await open(carol.community);
    await withCards(alice.community, "m03");
    await alice.community.everyone.send("Bob has moved away.");
    await isLast(carol.community, "Bob has moved away.");
    // The chain is the same for all, its words are not.
    assert.deepEqual(await words(carol.community.everyone), ["(no_wrap)", "(no_wrap)", "Bob has moved away."]);
    assert.equal(carol.community.head, alice.community.head);
    assert.deepEqual(await words(bob.community.everyone), ["Hello, Bob.", "Hello, Alice."]);
    const last = [...alice.community.ledger.chain.epochs.values()].at(-1);
    const recipients = [...last.recipients].map((ordinal) => alice.community.ledger.chain.roster[ordinal].account);
    assert.deepEqual(recipients.sort(), [accountOf("m01"), accountOf("m03")].sort());

    // Alice lets Carol read the past.
    assert.equal(await alice.community.everyone.share(accountOf("m03")), 1);
    await until(carol.community, "the past", async () => (await words(carol.community.everyone))[0] === "Hello, Bob.");
    assert.deepEqual(await words(carol.community.everyone), ["Hello, Bob.", "Hello, Alice.", "Bob has moved away."]);

    // A message is taken back.
    const [{ index }] = await alice.community.everyone.messages(0, 1);
    await alice.community.redact(index, "said too early");
    await until(carol.community, "the redaction", async () => (await words(carol.community.everyone))[0] === "(redacted)");
    const [gone] = await carol.community.everyone.messages(0, 1);
    assert.deepEqual({ ...gone.redacted, time: 0 }, { by: accountOf("m01"), reason: "said too early", time: 0 });
    const kept = await carol.client.store.get("blocks", [server.community, index]);
    assert.equal(kept.block.entry.body.ciphertext, undefined);
    await until(alice.community, "the redaction", async () => (await words(alice.community.everyone))[0] === "(redacted)");
    await assert.rejects(alice.community.redact(index), { code: "bad_redaction" });
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
});

test("a private conversation is read by those who are in it, and seen by the others", async () => {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"), pemOf("m03"));
    await server.start();
    const [alice, bob, carol] = await Promise.all(["m01", "m02", "m03"].map((name) => joined(name, server)));
    clients.push(alice.client, bob.client, carol.client);
    await withCards(alice.community, "m01", "m02", "m03");
    await alice.community.everyone.send("Good morning.");
    await isLast(carol.community, "Good morning.");
    const private_ = alice.community.conversationWith([accountOf("m02")]);
    assert.equal(private_.canSend, true);
    await private_.send("A surprise for Carol?");
    await until(bob.community, "the private words", () => bob.community.conversation(private_.key)?.count === 1);
    assert.deepEqual(await words(bob.community.conversation(private_.key)), ["A surprise for Carol?"]);
    assert.deepEqual(
      bob.community.conversations.map(({ key }) => key),
      ["everyone", private_.key],
    );
    assert.deepEqual(bob.community.conversation(private_.key).members, [accountOf("m01"), accountOf("m02")].sort());
    await bob.community.conversation(private_.key).send("Yes, a cake.");
    await until(alice.community, "the answer", () => private_.count === 2);
    assert.deepEqual(await words(private_), ["A surprise for Carol?", "Yes, a cake."]);
    await alice.community.everyone.send("Nothing is planned.");
    await isLast(carol.community, "Nothing is planned.");
    assert.deepEqual(await words(carol.community.everyone), ["Good morning.", "Nothing is planned."]);
    assert.deepEqual(
      carol.community.conversations.map(({ key }) => key),
      ["everyone"],
    );
    assert.deepEqual(await words(carol.community.conversation(private_.key)), ["(no_wrap)", "(no_wrap)"]);
    assert.throws(() => alice.community.conversationWith([accountOf("m02"), accountOf("m03")]), { code: "not_private" });
    server.allow(pemOf("m01"), pemOf("m03"));
    await until(alice.community, "the removal", () => !alice.community.member(accountOf("m02")).isMember);
    assert.equal(private_.canSend, "removed");
    await assert.rejects(private_.send("Too late."), { code: "removed" });
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
});

test("private words that wait while everybody else is removed do not become words to everyone", async () => {
  const server = new Dispatchd();
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"), pemOf("m03"));
    await server.start();
    const [alice, bob, carol] = await Promise.all(["m01", "m02", "m03"].map((name) => joined(name, server)));
    clients.push(alice.client, bob.client, carol.client);
    await withCards(alice.community, "m01", "m02", "m03");
    const secret = alice.community.conversationWith([accountOf("m02")]);
    await alice.community.disconnect();
    const { local } = await secret.send("just for Bob");
    server.allow(pemOf("m01"), pemOf("m02"));
    await until(bob.community, "the removal", () => !bob.community.member(accountOf("m03")).isMember);
    alice.community.connect();
    const failed = await until(alice.community, "the failure", () =>
      alice.community.pending.find((each) => each.local === local && each.state === "failed"),
    );
    assert.equal(failed.code, "not_private");
    assert.equal(failed.text, "just for Bob");
    assert.deepEqual([alice.community.everyone.count, secret.count], [0, 0]);
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
});
