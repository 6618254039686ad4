/** What a server refuses: what is offered again as it is, what is signed anew, and what fails. [ENTRY-17] */

import assert from "node:assert/strict";
import { test } from "node:test";
import { member, open, until, words } from "./servers/member.js";
import { scripted } from "./servers/two-members.js";

/** What the server answers to a message, one after the other; then it appends. */
async function answered(answers, then) {
  await scripted(async ({ server, chain, join }) => {
    const left = [...answers];
    server.script.submit = (frame, say) => {
      const answer = left.shift();
      if (answer) return answer;
      const { seen } = frame.entry;
      const block = { index: chain.tree.size, prev: chain.head, time: Date.now(), entry: frame.entry };
      assert.ok(seen.size <= block.index);
      chain.append(block);
      say({ type: "blocks", from: block.index, blocks: [block] });
      return { type: "accepted", index: block.index, hash: chain.head };
    };
    const community = await join(await member("m01"));
    await open(community);
    await community.everyone.send("two");
    await then({ server, community, submits: () => server.received.filter(({ type }) => type === "submit").map(({ entry }) => entry) });
  });
}

test("what the server cannot take now is offered again as it is, after the time that it names", () =>
  answered(
    [
      { type: "refused", code: "rate_limited", detail: "", retry_after: 20 },
      { type: "refused", code: "unavailable", detail: "", retry_after: 10 },
      { type: "refused", code: "shutting_down", detail: "", retry_after: 10 },
    ],
    async ({ community, submits }) => {
      await until(community, "the message", () => community.everyone.count === 2);
      assert.equal(submits().length, 4);
      assert.equal(new Set(submits().map(({ signature }) => signature)).size, 1);
    },
  ));

test("what a server refuses with a session that it has forgotten is offered again as it is, on another connection", () =>
  answered([{ type: "refused", code: "bad_token", detail: "" }], async ({ server, community, submits }) => {
    await until(community, "the message", () => community.everyone.count === 2);
    assert.equal(submits().length, 2);
    assert.equal(new Set(submits().map(({ signature }) => signature)).size, 1);
    assert.equal(server.received.filter(({ type }) => type === "hello").length, 2);
  }));

test("what is refused because the chain moved on is signed anew, a few times at most", async () => {
  await answered(
    [
      { type: "refused", code: "bad_seq", detail: "" },
      { type: "refused", code: "bad_seen", detail: "" },
    ],
    async ({ community, submits }) => {
      await until(community, "the message", () => community.everyone.count === 2);
      assert.equal(new Set(submits().map(({ signature }) => signature)).size, 3);
    },
  );
  await answered(
    Array.from({ length: 20 }, () => ({ type: "refused", code: "stale_epoch", detail: "Again and again." })),
    async ({ community, submits }) => {
      const [failed] = await until(community, "the failure", () => community.pending.some(({ state }) => state === "failed") && community.pending);
      assert.equal(failed.code, "stale_epoch");
      assert.ok(submits().length <= 6, `${submits().length}`);
      await community.discard(failed.local);
      assert.deepEqual(community.pending, []);
      await assert.rejects(community.discard(failed.local), { code: "not_failed" });
    },
  );
});

test("what is refused for good fails, and what comes after it goes out", () =>
  answered([{ type: "refused", code: "too_large", detail: "Too long." }], async ({ community }) => {
    const failed = await until(community, "the failure", () => community.pending.find(({ state }) => state === "failed"));
    assert.equal(failed.code, "too_large");
    assert.equal(failed.text, "two");
    await community.everyone.send("three");
    await until(community, "the next", () => community.everyone.count === 2);
    assert.deepEqual(await words(community.everyone), ["one", "three"]);
    await community.retry(failed.local);
    await until(community, "the first", () => community.everyone.count === 3);
    assert.deepEqual(await words(community.everyone), ["one", "three", "two"]);
  }));

test("a message that no server would take is refused before it is kept", () =>
  answered([], async ({ community }) => {
    await until(community, "the message", () => community.everyone.count === 2);
    await assert.rejects(community.everyone.send("x".repeat(66_000)), { code: "too_large" });
    await assert.rejects(community.everyone.send("half of a character: \ud83d"), { code: "bad_plaintext" });
    await community.everyone.send("x".repeat(65_000));
    await until(community, "the longest", () => community.everyone.count === 3);
  }));
