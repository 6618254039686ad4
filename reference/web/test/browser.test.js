import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage, servePage } from "./browser/chromium.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { member, open, pemOf, until, words } from "./servers/member.js";
import { readAccounts, readVectors } from "./vectors/files.js";
import { runVectors } from "./vectors/harness.js";

let browser;
let site;
before(async () => {
  [browser, site] = await Promise.all([launch(), servePage()]);
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test("every static vector holds in Chromium, as many as in Node", async () => {
  const page = await openPage(browser, site.origin);
  const there = await page.evaluate(([files, accounts]) => runVectors(files, accounts), [readVectors(), readAccounts()]);
  assert.deepEqual(there.failures, []);
  const here = await runVectors(readVectors(), readAccounts());
  assert.deepEqual(there.passed, here.passed);
  console.log(`static vectors: ${there.count} passed, 0 failed, in Chromium ${browser.version()}`);
  await page.close();
});

test("a store in IndexedDB keeps what every store keeps, and belongs to one page", async () => {
  const context = await browser.newContext();
  const page = await openPage(context, site.origin);
  assert.deepEqual(await page.evaluate(() => checkStore(() => IndexedDbStore.open("contract"))), []);
  await page.evaluate(async () => {
    globalThis.held = await IndexedDbStore.open("one page");
  });
  const other = await openPage(context, site.origin);
  const code = await other.evaluate(() =>
    IndexedDbStore.open("one page").then(
      () => "open",
      (error) => error.code,
    ),
  );
  assert.equal(code, "store_in_use");
  await page.evaluate(() => held.close());
  assert.equal(
    await other.evaluate(() =>
      IndexedDbStore.open("one page").then(
        () => "open",
        (error) => error.code,
      ),
    ),
    "open",
  );
  await context.close();
});

test("a browser's disk that runs full in the midst of a commit: nothing is half done, and with room again it goes on", async () => {
  const context = await browser.newContext();
  const page = await openPage(context, site.origin);
  // DevTools' quotas do not reach IndexedDB, so the second `put` of a commit fails as the browser makes it fail.
  const found = await page.evaluate(async () => {
    const store = await IndexedDbStore.open("full");
    const real = IDBObjectStore.prototype.put;
    const commit = (key) =>
      store
        .commit([
          { table: "names", key, value: "small" },
          { table: "blocks", key: [key], value: "large" },
        ])
        .then(
          () => "kept",
          ({ code, message }) => `${code}: ${message}`,
        );
    const codes = [await commit("before")];
    IDBObjectStore.prototype.put = function (value, key) {
      if (this.name === "blocks") throw new DOMException("The current transaction exceeded its quota limitations.", "QuotaExceededError");
      return real.call(this, value, key);
    };
    codes.push(await commit("without room"));
    IDBObjectStore.prototype.put = real;
    codes.push(await commit("with room"));
    return { codes, names: (await store.range("names", "", "\uffff")).map(({ key }) => key) };
  });
  assert.match(found.codes[1], /^store_full: [A-Z].*\.$/);
  assert.deepEqual([found.codes[0], found.codes[2], found.names], ["kept", "kept", ["before", "with room"]]);
  await context.close();
});

test("in a browser: a key is made and stays, a conversation outlives a reload, and goes on after being offline", async () => {
  const server = new Dispatchd("In the browser", (text) => `${text.replace(/^bind/m, `page_origins = ["${site.origin}"]\nbind`)}`);
  const context = await browser.newContext();
  let alice;
  try {
    server.allow(pemOf("m01"));
    await server.start();
    let page = await openPage(context, site.origin);
    const identity = await page.evaluate(async () => {
      globalThis.client = await Client.open({ store: await IndexedDbStore.open("app") });
      const { account, pem } = await client.createIdentity({ passphrase: "a passphrase of a test", bits: 2048 });
      const { signingKey, cards } = await client.store.get("identity", "identity");
      const extracted = await Promise.allSettled([signingKey, cards[0].privateKey].map((key) => crypto.subtle.exportKey("pkcs8", key)));
      return { account, pem, extracted: extracted.map(({ status }) => status), backup: client.backup.text };
    });
    assert.deepEqual(identity.extracted, ["rejected", "rejected"]);
    server.allow(pemOf("m01"), identity.pem);
    alice = await member("m01");
    const there = await alice.join(server.invitation);
    there.connect();
    await until(there, "the roster", () => there.member(identity.account)?.isMember);
    await page.evaluate(async (text) => {
      globalThis.community = await client.join(Invitation.parse(text));
      community.connect();
    }, server.invitation.text);
    await until(there, "the browser's card", () => there.member(identity.account)?.hasCard);
    await there.everyone.send("Hello, browser.");
    await page.evaluate(() => until(community, "Alice's words", async () => (await words(community.everyone))[0] === "Hello, browser."));
    await page.evaluate(() => community.everyone.send("Hello, Node."));
    await until(there, "the answer", async () => (await words(there.everyone))[1] === "Hello, Node.");

    await page.evaluate(() => until(community, "our own words", () => community.everyone.count === 2 && community.pending.length === 0));

    // A reload: keys, chain and words come from the store, without a network.
    const size = there.size;
    await page.reload();
    await page.waitForFunction(() => globalThis.Client !== undefined);
    const after = await page.evaluate(async () => {
      globalThis.client = await Client.open({ store: await IndexedDbStore.open("app") });
      globalThis.community = client.communities[0];
      const texts = (await community.everyone.messages(0, 10)).map(({ content }) => content?.text);
      return { account: client.identity.account, size: community.size, state: community.state.name, texts };
    });
    assert.deepEqual(after, { account: identity.account, size, state: "offline", texts: ["Hello, browser.", "Hello, Node."] });

    // Offline and back.
    await page.evaluate(() => community.connect());
    await page.evaluate(() => until(community, "open", () => community.state.name === "open"));
    await context.setOffline(true);
    await page.evaluate(() => until(community, "waiting", () => community.state.name === "waiting"));
    await page.evaluate(() => community.everyone.send("Said offline."));
    await context.setOffline(false);
    await until(there, "what was said offline", async () => (await words(there.everyone))[2] === "Said offline.");

    // The backup opens in Node, as the same account.
    const restored = await member("m01");
    await restored.close();
    const { Client, MemoryStore } = await import("../src/index.js");
    const elsewhere = await Client.open({ store: new MemoryStore() });
    await elsewhere.restoreBackup(identity.backup, "a passphrase of a test");
    assert.equal(elsewhere.identity.account, identity.account);
    const again = await elsewhere.join(server.invitation);
    again.connect();
    await open(again);
    assert.deepEqual(await words(again.everyone), ["Hello, browser.", "Hello, Node.", "Said offline."]);
    await elsewhere.close();
  } finally {
    await alice?.close();
    await context.close();
    await server.end();
  }
});
