/** The newest messages first, from dispatchd itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, guests, member, open, pemOf, until, words } from "./servers/member.js";

const COUNT = 1100;

/** A socket whose blocks wait until `gate` is open. */
const heldBack = (gate) =>
  class extends WebSocket {
    #order = Promise.resolve();

    emit(name, ...told) {
      if (name !== "message") return super.emit(name, ...told);
      this.#order = this.#order.then(async () => {
        if (JSON.parse(told[0]).type === "blocks") await gate.open;
        super.emit(name, ...told);
      });
      return true;
    }
  };

for (const offers of [true, false])
  test(`who was away for long ${offers ? "sees the newest before the rest" : "has all of it by the sync, where the server takes no requests"}`, async () => {
    const gate = { open: Promise.resolve() };
    const server = new Dispatchd("Our street", (text) => (offers ? text : text.replace(/^transports = .*$/m, 'transports = ["ws"]')));
    const { join, leave } = guests(server);
    try {
      server.allow(pemOf("m01"), pemOf("m02"));
      await server.start();
      const asked = [];
      const counted = (url, options) => {
        asked.push(new URL(url).pathname);
        return fetch(url, options);
      };
      const ann = await join(await member("m01", { WebSocket: heldBack(gate), fetch: counted }));
      const bob = await join(await member("m02"));
      for (const each of [ann, bob]) await until(each, "the cards", () => ["m01", "m02"].every((name) => each.member(accountOf(name))?.hasCard));
      await bob.everyone.send("until tomorrow");
      await until(ann, "a message", () => ann.everyone.count === 1);
      await ann.disconnect();
      for (let at = 0; at < COUNT; at++) await bob.everyone.send(`meanwhile ${at}`);
      await until(bob, "all is covered", () => bob.pending.length === 0 && bob.checkpoint?.size === bob.size);

      let release;
      gate.open = new Promise((resolve) => {
        release = resolve;
      });
      const { size } = ann;
      ann.connect();
      if (offers) {
        await until(ann, "the newest", () => ann.everyone.early.at(-1)?.content.text === `meanwhile ${COUNT - 1}`);
        assert.deepEqual([ann.size, ann.everyone.count, ann.early.to], [size, 1, bob.size]);
      } else {
        await until(ann, "the sync", () => ann.state.name === "syncing");
      }
      release();
      await open(ann);
      assert.equal(ann.head, bob.head);
      assert.deepEqual((await words(ann.everyone)).at(-1), `meanwhile ${COUNT - 1}`);
      assert.deepEqual([ann.everyone.count, ann.everyone.early, ann.early, ann.findings], [COUNT + 1, [], null, []]);
      assert.equal(asked.some((path) => path.startsWith("/v1/")), offers);
    } finally {
      await leave();
      await server.end();
    }
  });
