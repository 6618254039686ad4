/** What a server states without signing for it, and how long it may let us wait. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { discover } from "../src/discovery.js";
import { pause } from "../src/pause.js";
import { backoff } from "../src/states.js";
import { ChainMaker } from "./servers/chain-maker.js";

const LIMITS = { frame_bytes: 262144, ciphertext_bytes: 65536, wraps: 1024, skew_ms: 600000, session_ms: 21600000, challenge_ms: 60000, checkpoint_ms: 1000 };

async function discovered(limits, fetchIt) {
  const chain = await ChainMaker.found(["m01"]);
  const document = { versions: ["dispatch-d/1"], community: chain.community, genesis: chain.blocks[0], limits: { ...LIMITS, ...limits }, transports: ["ws"] };
  const { signal } = new AbortController();
  return discover("https://chat.example.org", chain.community, fetchIt ?? (async () => new Response(JSON.stringify(document))), signal);
}

test("limits are taken within their bounds, and not beyond", async () => {
  assert.deepEqual((await discovered({ wraps: 1, checkpoint_ms: 10 })).document.limits, { ...LIMITS, wraps: 1, checkpoint_ms: 10 });
  for (const [name, limit] of [
    ["frame_bytes", 0],
    ["ciphertext_bytes", 0],
    ["wraps", 0],
    ["wraps", 1025],
    ["skew_ms", 999],
    ["session_ms", 2 ** 53 - 1],
    ["challenge_ms", 60001],
    ["checkpoint_ms", 2 ** 31],
  ])
    await assert.rejects(discovered({ [name]: limit }), { code: "malformed", message: new RegExp(`\`${name}\` is ${limit}, .*\\.$`) });
});

test("of a discovery document no more is read than it may have", async () => {
  let read = 0;
  const endless = new ReadableStream({
    pull(controller) {
      read++;
      controller.enqueue(new Uint8Array(1 << 16).fill(32));
    },
  });
  await assert.rejects(
    discovered({}, async () => new Response(endless)),
    { code: "unreachable" },
  );
  assert.ok(read < 30, `${read}`);
});

test("a pause that a server asks for is never over at once, and has an end", async () => {
  assert.ok(backoff(1, 2 ** 50) <= 60 * 60 * 1000);
  assert.ok(backoff(1, 2 ** 50) > 50 * 60 * 1000);
  const over = new AbortController();
  let isOver = false;
  const paused = pause(2 ** 40, over.signal).then(() => {
    isOver = true;
  });
  await pause(20, new AbortController().signal);
  assert.equal(isOver, false);
  over.abort();
  await paused;
});
