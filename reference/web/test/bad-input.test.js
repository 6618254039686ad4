import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, DispatchError, Invitation, MemoryStore } from "../src/index.js";
import { cardKey, decode, openBackup, readContents, sealBackup, writeContents } from "../src/core.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, backupOf, cardOf, member, open, pemOf, until, words } from "./servers/member.js";

async function withServer(work) {
  const server = new Dispatchd();
  const clients = [];
  const join = async (name, options = {}, invitation = server.invitation) => {
    const client = await member(name, options);
    clients.push(client);
    const community = await client.join(invitation);
    community.connect();
    return { client, community };
  };
  try {
    server.allow(pemOf("m01"));
    await server.start();
    await work({ server, join, clients });
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
}

/** A sentence for people: what is wrong, and what to do. */
const isSentence = (text) => assert.match(text, /^[A-Z].{20,}\.$/s);

test("an account that is not on the allowlist is told so, and is let in as soon as it is", () =>
  withServer(async ({ server, join }) => {
    const { community } = await join("m02");
    await until(community, "refused", () => community.state.name === "refused");
    assert.equal(community.state.code, "not_allowed");
    isSentence(community.state.detail);
    assert.ok(community.state.retryAt > Date.now(), "it asks again by itself");
    const outgoing = await community.everyone.send("kept until then");
    server.allow(pemOf("m01"), pemOf("m02"));
    const { community: alice } = await join("m01");
    await until(alice, "the roster", () => alice.member(accountOf("m02"))?.isMember);
    community.wake();
    await until(community, "the message", () => community.everyone.count === 1);
    assert.equal((await community.everyone.messages(0, 1))[0].content.text, outgoing.text);
  }));

test("an invitation of another community is refused before anything is signed", () =>
  withServer(async ({ server, join }) => {
    const { community } = await join("m01", {}, Invitation.of(server.origin, accountOf("m01")));
    await until(community, "stopped", () => community.state.name === "stopped");
    assert.equal(community.state.finding.code, "wrong_genesis");
    isSentence(community.state.finding.text);
    assert.equal(community.size, 0);
  }));

test("an address at which nobody answers is tried again, later and later", () =>
  withServer(async ({ server, join }) => {
    await server.kill();
    const { community } = await join("m01");
    const waits = [];
    community.on("state", (state) => {
      if (state.name !== "waiting") return;
      waits.push(state.retryAt - Date.now());
      setImmediate(() => community.wake());
    });
    await until(community, "four attempts", () => waits.length >= 4);
    assert.equal(community.state.code, "unreachable");
    isSentence(community.state.detail);
    assert.ok(waits[3] > waits[0] * 2, `${waits}`);
  }));

test("a clock that is off by an hour: the message fails, says by how much, and goes out once the clock is right", () =>
  withServer(async ({ join }) => {
    let off = -3_600_000;
    const { community } = await join("m01", { now: () => Date.now() + off });
    const notices = [];
    community.on("notice", (notice) => notices.push(notice));
    await open(community);
    const { local } = await community.everyone.send("at what time?");
    await until(community, "the card's failure", () => community.pending.some(({ kind, code }) => kind === "card" && code === "clock_skew"));
    assert.ok(Math.abs(community.clockOffset - 3_600_000) < 60_000, `${community.clockOffset}`);
    const { detail } = notices.find(({ code }) => code === "clock_skew") && community.pending.find(({ kind }) => kind === "card");
    assert.match(detail, /60 minutes behind/);
    isSentence(detail);
    // Without a card there is nobody to write to, so the message has failed, too; nothing is lost.
    await until(community, "the message's failure", () => community.pending.find((each) => each.local === local)?.state === "failed");
    off = 0;
    for (const { local: each } of [...community.pending]) await community.retry(each);
    await until(community, "the message", () => community.everyone.count === 1);
    assert.deepEqual(await words(community.everyone), ["at what time?"]);
    assert.deepEqual(community.pending, []);
  }));

class FullStore extends MemoryStore {
  isFull = false;
  async commit(changes) {
    if (this.isFull) throw new DispatchError("store_full", "There is no room left on this device. Free some, then try again.");
    return super.commit(changes);
  }
  async close() {}
}

test("a disk that runs full stops the client with a sentence; with room again it goes on, and nothing is lost", () =>
  withServer(async ({ server, join }) => {
    server.allow(pemOf("m01"), pemOf("m02"));
    const { community: bob } = await join("m02");
    const store = new FullStore();
    const { client, community } = await join("m01", { store });
    const notices = [];
    community.on("notice", (notice) => notices.push(notice.code));
    await until(bob, "the card", () => bob.member(accountOf("m01"))?.hasCard);
    await community.everyone.send("before");
    await until(bob, "the message", () => bob.everyone.count === 1);
    await until(community, "nothing pending", () => community.pending.length === 0);
    const { size } = community;
    store.isFull = true;
    await assert.rejects(community.everyone.send("no room"), { code: "store_full" });
    await bob.everyone.send("there is no room for this");
    await until(community, "refused", () => community.state.name === "refused");
    assert.equal(community.state.code, "store_full");
    assert.equal(community.state.retryAt, null);
    isSentence(community.state.detail);
    assert.deepEqual(notices, ["store_full"]);
    assert.equal(client.identity.account, accountOf("m01"));
    store.isFull = false;
    community.wake();
    await until(community, "the second message", () => community.everyone.count === 2);
    assert.deepEqual(await words(community.everyone), ["before", "there is no room for this"]);
    assert.ok(community.size > size);
    await community.everyone.send("room again");
    await until(bob, "the third message", () => bob.everyone.count === 3);
    // What is in the store is what is in memory.
    await until(community, "nothing pending", () => community.pending.length === 0);
    await client.close();
    const again = await Client.open({ store });
    assert.equal(again.communities[0].head, community.head);
    assert.equal(again.communities[0].everyone.count, 3);
  }));

/** Spoils rows as a failing disk does. */
async function spoil(store, table, change) {
  const rows = await store.range(table, [""], ["\uffff", "\uffff", "\uffff"]);
  await store.commit(rows.map(({ key, value }) => ({ table, key, value: change(value, key) })));
}

const DAMAGES = {
  "a snapshot with a changed letter": (store) =>
    spoil(store, "facts", (value, key) =>
      key[1] === "snapshot" ? { ...value, text: value.text.replace('"isMember":true', '"isMember":null') } : value,
    ),
  "a snapshot that is no JSON": (store) => spoil(store, "facts", (value, key) => (key[1] === "snapshot" ? { text: "{", sum: value.sum } : value)),
  "a page of hashes with a flipped bit": (store) =>
    spoil(store, "pages", (value) => {
      value.hashes[5] ^= 1;
      return value;
    }),
  "a page that is missing": (store) => spoil(store, "pages", () => undefined),
  "blocks at the end that are missing": async (store) => {
    await spoil(store, "facts", (value, key) => (key[1] === "snapshot" ? undefined : value));
    await spoil(store, "pages", () => undefined);
    await spoil(store, "blocks", (value, key) => (key[1] >= 3 ? undefined : value));
  },
  "blocks behind the snapshot that are changed": async (store) => {
    await spoil(store, "facts", (value, key) => (key[1] === "snapshot" ? undefined : value));
    await spoil(store, "blocks", (value, key) => (key[1] === 2 ? { ...value, block: { ...value.block, time: value.block.time + 1 } } : value));
  },
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`${what}: the chain is fetched and verified again; keys, unsent words, marks and the checkpoint stay`, () =>
    withServer(async ({ join }) => {
      const store = new FullStore();
      const first = await join("m01", { store });
      await first.community.everyone.send("one");
      await until(
        first.community,
        "the message, covered",
        () => first.community.everyone.count === 1 && first.community.checkpoint.size === first.community.size,
      );
      await first.community.disconnect();
      await first.community.everyone.send("unsent");
      const { checkpoint, head } = first.community;
      await first.client.close();
      await damage(store);

      const client = await Client.open({ store });
      const [community] = client.communities;
      assert.equal(community.size, 0);
      assert.equal(client.identity.account, accountOf("m01"));
      assert.deepEqual(community.checkpoint, checkpoint);
      assert.equal(community.everyone.pending[0].text, "unsent");
      const notices = [];
      community.on("notice", (notice) => notices.push(notice));
      community.connect();
      await until(community, "both messages", () => community.everyone.count === 2);
      assert.equal(notices[0].code, "store_damaged");
      isSentence(notices[0].text);
      assert.deepEqual(await words(community.everyone), ["one", "unsent"]);
      assert.equal(community.ledger.chain.tree.head(checkpoint.size), checkpoint.head);
      assert.notEqual(community.head, head);
      await client.close();
    }));
}

test("a block that was damaged is noticed when it is read, fetched again, and its words are back", () =>
  withServer(async ({ join }) => {
    const store = new FullStore();
    const { community } = await join("m01", { store });
    await community.everyone.send("one");
    await until(community, "the message", () => community.everyone.count === 1 && community.pending.length === 0);
    const [{ index }] = await community.everyone.messages(0, 1);
    await spoil(store, "blocks", (value, key) => {
      if (key[1] === index) value.block.entry.body.ciphertext = `AAAA${value.block.entry.body.ciphertext.slice(4)}`;
      return value;
    });
    const { head } = community;
    await assert.rejects(community.everyone.messages(0, 1), { code: "store_damaged" });
    await until(community, "all is back", () => community.head === head && community.state.name === "open");
    assert.deepEqual(await words(community.everyone), ["one"]);
    assert.deepEqual(community.findings, []);
  }));

for (const [what, change] of [
  ["does not fit its hash", (value) => ({ ...value, block: { ...value.block, time: value.block.time + 1 } })],
  ["has no form", () => "x"],
])
  test(`a message whose kept block ${what}, and that is redacted, is removed, and the client goes on by itself`, () =>
    withServer(async ({ join }) => {
      const store = new FullStore();
      const { community } = await join("m01", { store });
      for (const text of ["one", "two"]) await community.everyone.send(text);
      await until(community, "the messages", () => community.everyone.count === 2 && community.pending.length === 0);
      const [{ index, id }] = await community.everyone.messages(0, 1);
      await spoil(store, "blocks", (value, key) => (key[1] === index ? change(value) : value));
      const notices = [];
      community.on("notice", ({ code }) => notices.push(code));
      await community.redact(index, "wrong");
      // Nothing is read meanwhile: that alone would bring it back.
      await until(community, "it is fetched again", () => notices.length && community.state.name === "open" && !community.pending.length);
      assert.deepEqual(await words(community.everyone), ["(redacted)", "two"]);
      assert.equal(await community.everyone.numberOf(id), 0);
      assert.deepEqual([notices, community.findings], [["store_damaged"], []]);
    }));

test("a block that cannot be read when a message is looked for is fetched again; one that is lost each time is not for ever", () =>
  withServer(async ({ join }) => {
    const store = new FullStore();
    const { community } = await join("m01", { store });
    await community.everyone.send("one");
    await until(community, "the message", () => community.everyone.count === 1 && community.pending.length === 0);
    const [{ index, id }] = await community.everyone.messages(0, 1);
    const damage = () => spoil(store, "blocks", (value, key) => (key[1] === index ? "x" : value));
    let notices = 0;
    community.on("notice", () => notices++);
    for (const time of [1, 2]) {
      await damage();
      await assert.rejects(community.everyone.numberOf(id), { code: "store_damaged" });
      await until(community, "it is fetched again", () => notices === time && community.state.name === "open");
      assert.equal(await community.everyone.numberOf(id), 0);
    }
    await damage();
    await assert.rejects(community.everyone.numberOf(id), { code: "store_damaged" });
    assert.equal(community.state.name, "open");
  }));

test("an epoch's secret that could not be looked for is looked for again", () =>
  withServer(async ({ join }) => {
    class Failing extends FullStore {
      fails = 0;
      async range(table, ...given) {
        if (table === "wraps" && this.fails-- > 0) throw new DispatchError("store_damaged", "The disk did not answer in time.");
        return super.range(table, ...given);
      }
    }
    const store = new Failing();
    const { client, community } = await join("m01", { store });
    await community.everyone.send("one");
    await until(community, "the message", () => community.everyone.count === 1 && community.pending.length === 0);
    await client.close();
    const again = (await Client.open({ store })).communities[0];
    store.fails = 1;
    assert.deepEqual(await words(again.everyone), ["(store_damaged)"]);
    assert.deepEqual(await words(again.everyone), ["one"]);
  }));

test("a backup: a wrong passphrase, a wrong file, another identity, and one that was made without", async () => {
  const text = await backupOf("m01");
  const client = await Client.open({ store: new MemoryStore() });
  for (const [file, passphrase, code] of [
    [text, "wrong", "bad_passphrase"],
    ["{}", "passphrase of a test", "bad_backup"],
    ["not a backup", "x", "bad_backup"],
  ]) {
    await assert.rejects(client.restoreBackup(file, passphrase), (error) => {
      assert.equal(error.code, code);
      isSentence(error.message);
      return true;
    });
  }
  assert.equal(client.identity, null);
  await assert.rejects(client.renewBackup("x"), { code: "no_identity" });
  await client.restoreBackup(text, "passphrase of a test");
  assert.equal(client.identity.account, accountOf("m01"));
  assert.equal(
    client.identity.pem.trim(),
    pemOf("m01")
      .replace(/^#.*\n/, "")
      .trim(),
  );
  await assert.rejects(client.restoreBackup(await backupOf("m02"), "passphrase of a test"), { code: "identity_exists" });
  await assert.rejects(client.createIdentity(), { code: "identity_exists" });
  const other = await Client.open({ store: new MemoryStore() });
  await other.createIdentity({ bits: 2048 });
  assert.equal(other.backup, null);
  await assert.rejects(other.renewBackup("x"), { code: "no_backup" });
});

test("a backup is made anew with what has changed since, and under another passphrase", async () => {
  const client = await Client.open({ store: new MemoryStore() });
  await client.createIdentity({ passphrase: "one", bits: 2048 });
  const { text } = client.backup;
  assert.equal(client.backupIsCurrent, true);
  const invitation = Invitation.of("https://chat.example.org", accountOf("m01"));
  await client.join(invitation);
  await client.rename(accountOf("m02"), "Bob");
  assert.equal(client.backupIsCurrent, false);
  await assert.rejects(client.renewBackup("two"), { code: "bad_passphrase" });
  assert.equal(client.backup.text, text);
  await client.renewBackup("one", "two");
  assert.equal(client.backupIsCurrent, true);
  assert.notEqual(client.backup.text, text);
  const other = await Client.open({ store: new MemoryStore() });
  await assert.rejects(other.restoreBackup(client.backup.text, "one"), { code: "bad_passphrase" });
  await other.restoreBackup(client.backup.text, "two");
  assert.equal(other.identity.account, client.identity.account);
  assert.equal(other.nameOf(accountOf("m02")), "Bob");
  assert.deepEqual(
    other.communities.map((each) => each.invitation.text),
    [invitation.text],
  );
  assert.equal(other.backupIsCurrent, true);
  await assert.rejects(client.rename(accountOf("m02"), ""), { code: "bad_name" });
  await assert.rejects(client.rename(accountOf("m02"), "x".repeat(256)), { code: "bad_name" });
});

test("a backup is taken over as a whole, or not at all", async () => {
  const communities = ["m01", "m02"].map((name) => ({ invitation: Invitation.of("https://chat.example.org", accountOf(name)).text }));
  const contents = { ...(await contentsOf("m01")), communities, names: [{ account: accountOf("m02"), name: "Bob" }] };
  const text = await sealBackup(writeContents(contents), "x");
  const store = new MemoryStore();
  const commit = store.commit.bind(store);
  let commits = 0;
  store.commit = (changes) => (commits++ === 0 ? commit(changes) : Promise.reject(new DispatchError("store_full", "There is no room.")));
  const client = await Client.open({ store });
  await client.restoreBackup(text, "x");
  const again = await Client.open({ store });
  assert.deepEqual([again.communities.length, again.nameOf(accountOf("m02")), again.identity.account], [2, "Bob", accountOf("m01")]);
});

test("a card key that a restored backup lacks is in the one that is kept; an older one takes no card key away", async () => {
  const { private_key, cards } = await contentsOf("m01");
  const text = await sealBackup(writeContents({ private_key, cards: [], communities: [] }), "x");
  const client = await Client.open({ store: new MemoryStore() });
  await client.restoreBackup(text, "x");
  const inBackup = async () => (await readContents(await openBackup(client.backup.text, "x"))).contents.cards;
  const [made] = await inBackup();
  assert.ok(made);
  // Another file of the same account.
  await client.restoreBackup(await sealBackup(writeContents({ private_key, cards, communities: [] }), "x"), "x");
  assert.deepEqual(await inBackup(), [made]);
  const held = (await client.store.get("identity", "identity")).cards.map(({ x25519 }) => x25519);
  assert.deepEqual(held, [(await cardKey(decode(made))).x25519, (await cardOf("m01")).x25519]);
});

async function contentsOf(name) {
  return (await readContents(await openBackup(await backupOf(name), "passphrase of a test"))).contents;
}
