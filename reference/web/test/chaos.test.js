/** Connections that break at any frame, a server that is killed, two devices of one account: every word is said, once, and all hold one chain. */

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until, words } from "./servers/member.js";

const EACH = 25;

/** A WebSocket that breaks at a frame that a fixed sequence names, before or after the frame is heard. */
function breaking(seed) {
  let state = seed;
  const chance = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const control = { isCalm: false, breaks: 0 };
  class Breaking extends WebSocket {
    left = 3 + Math.floor(chance() * 25);
    set onmessage(listener) {
      super.onmessage = (event) => {
        if (this.isBroken) return; // what was read from the network before it broke
        if (control.isCalm || --this.left > 0) return listener(event);
        control.breaks++;
        if (chance() < 0.5) listener(event);
        this.isBroken = true;
        this.terminate();
      };
    }
  }
  return { control, WebSocket: Breaking };
}

test("whatever breaks, every word is said once", async () => {
  const server = new Dispatchd("Chaos");
  const clients = [];
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    const devices = await Promise.all(
      ["m01", "m01", "m02"].map(async (name, at) => {
        const { control, WebSocket } = breaking(at + 1);
        const client = await member(name, { WebSocket });
        clients.push(client);
        const community = await client.join(server.invitation);
        // What waits is not waited for: the test is about order and loss, not about time.
        community.on("state", ({ name: state }) => state === "waiting" && setImmediate(() => community.wake()));
        community.connect();
        return { at, community, control };
      }),
    );
    // Who has no card yet cannot be written to.
    for (const { community } of devices)
      await until(community, "both cards", () => ["m01", "m02"].every((name) => community.member(accountOf(name))?.hasCard));
    const said = [];
    for (let round = 0; round < EACH; round++) {
      for (const { at, community } of devices) {
        const text = `${at}-${round}`;
        said.push(text);
        await community.everyone.send(text);
      }
      if (round === 8 || round === 16) {
        await server.kill();
        await server.start();
      }
    }
    const progress = devices.map(({ community }) => until(community, "half of it", () => community.everyone.count > said.length / 2));
    await Promise.all(progress);
    for (const { control } of devices) control.isCalm = true;
    for (const { community } of devices) {
      await until(community, "all of it", () => community.pending.length === 0 && community.everyone.count === said.length);
      await open(community);
    }
    const heads = new Set(devices.map(({ community }) => community.head));
    assert.equal(heads.size, 1);
    const heard = await words(devices[0].community.everyone);
    assert.deepEqual([...heard].sort(), [...said].sort());
    for (const { at, community, control } of devices) {
      assert.deepEqual(await words(community.everyone), heard);
      assert.deepEqual(community.findings, []);
      assert.ok(control.breaks > 0, `${control.breaks} breaks`);
      // What one device said comes in the order in which it said it.
      const own = heard.filter((text) => text.startsWith(`${at}-`));
      assert.deepEqual(
        own,
        said.filter((text) => text.startsWith(`${at}-`)),
      );
    }
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
});
