/** Connections that go dead without a word, and servers that stop in the midst. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import WebSocket from "ws";
import { Invitation } from "../src/index.js";
import { ChainMaker } from "./servers/chain-maker.js";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, member, open, pemOf, until } from "./servers/member.js";
import { Proxy } from "./servers/proxy.js";
import { Scripted } from "./servers/scripted.js";

const NEVER = 2 ** 30;

async function overProxy(patience, work) {
  const proxy = await Proxy.start();
  const server = new Dispatchd("Silence", (text) => text.replace("# origins = ", `origins = ["${proxy.origin}"]\n# `));
  const client = await member("m01", { patience });
  try {
    server.allow(pemOf("m01"));
    await server.start();
    proxy.port = server.port;
    const community = await client.join(Invitation.of(proxy.origin, server.community));
    community.connect();
    await open(community);
    await work({ proxy, community });
  } finally {
    proxy.revive();
    await client.close();
    await server.end();
    await proxy.end();
  }
}

async function isNoticed({ proxy, community }) {
  const states = [];
  community.on("state", ({ name, code }) => states.push([name, code]));
  return {
    dead: async () => {
      await until(community, "the end is noticed", () => states.length);
      assert.deepEqual(states[0], ["waiting", "unreachable"]);
    },
    back: async () => {
      proxy.revive();
      community.wake();
      await community.everyone.send("back");
      await until(community, "the message", () => community.everyone.count === 1 && !community.pending.length);
    },
  };
}

test("a connection that went dead without a word is noticed by its silence, and dialled anew", () =>
  overProxy({ silence: 200, answer: 1000 }, async ({ proxy, community }) => {
    proxy.die();
    const { dead, back } = await isNoticed({ proxy, community });
    await dead();
    await back();
  }));

test("when the page is shown or the network is back, an open connection is asked at once whether it is one", () =>
  overProxy({ silence: NEVER, answer: 1000 }, async ({ proxy, community }) => {
    proxy.die();
    const { dead, back } = await isNoticed({ proxy, community });
    community.networkIsBack();
    await dead();
    await back();
  }));

test("a server that has nothing to say, and answers, keeps its connection", async () => {
  let pings = 0;
  let told = () => {};
  class Counting extends WebSocket {
    send(text) {
      super.send(text);
      if (JSON.parse(text).type === "ping" && ++pings === 4) told();
    }
  }
  const server = new Dispatchd("Silence");
  const client = await member("m01", { WebSocket: Counting, patience: { silence: 50, answer: 20_000 } });
  try {
    server.allow(pemOf("m01"));
    await server.start();
    const community = await client.join(server.invitation);
    const fourth = new Promise((resolve) => {
      told = resolve;
    });
    community.connect();
    await open(community);
    const states = [];
    community.on("state", ({ name }) => states.push(name));
    // An entry that waits for its answer does not take the sign of life for it.
    await community.everyone.send("in between");
    await fourth;
    await until(community, "the message", () => community.everyone.count === 1 && !community.pending.length);
    assert.deepEqual(states, []);
  } finally {
    await client.close();
    await server.end();
  }
});

test("an address at which somebody listens, and says nothing, is given up after a while", async () => {
  const proxy = await Proxy.start();
  const client = await member("m01", { patience: { step: 300 } });
  try {
    proxy.die();
    const community = await client.join(Invitation.of(proxy.origin, accountOf("m02")));
    community.connect();
    await until(community, "given up", () => community.state.name === "waiting");
    assert.equal(community.state.code, "unreachable");
  } finally {
    await client.close();
    await proxy.end();
  }
});

for (const where of ["the discovery document", "the socket", "the challenge"]) {
  test(`an attempt that hangs at ${where} is dropped when the person says so, and another begins`, async () => {
    const proxy = await Proxy.start();
    const server = new Dispatchd("Silence", (text) => text.replace("# origins = ", `origins = ["${proxy.origin}"]\n# `));
    let isDeaf = where === "the challenge";
    class Deaf extends WebSocket {
      set onmessage(listener) {
        super.onmessage = (event) => isDeaf || listener(event);
      }
    }
    const around = (url, options) => fetch(url.replace(proxy.origin, server.origin), options);
    const client = await member("m01", { WebSocket: Deaf, ...(where === "the socket" ? { fetch: around } : {}) });
    try {
      server.allow(pemOf("m01"));
      await server.start();
      proxy.port = server.port;
      if (!isDeaf) proxy.die();
      const community = await client.join(Invitation.of(proxy.origin, server.community));
      const states = [];
      community.on("state", (state) => states.push(state));
      community.connect();
      if (isDeaf) await until(community, "joining", () => community.state.name === "joining");
      else await once(proxy.server, "connection");
      isDeaf = false;
      proxy.revive();
      community.wake();
      await open(community);
      assert.ok(!states.some(({ name }) => ["waiting", "refused"].includes(name)), JSON.stringify(states));
      assert.equal(states.filter(({ name }) => name === "connecting").length, 2);
    } finally {
      await client.close();
      await server.end();
      await proxy.end();
    }
  });
}

test("a server that stops in the midst of a sync is given up and dialled anew, though it answers", async () => {
  const chain = await ChainMaker.found(["m01", "m02"]);
  const server = await Scripted.start(chain);
  const client = await member("m01", { patience: { step: 2000, silence: 100 } });
  try {
    server.script.blocks = (frame) => ({ ...frame, blocks: frame.blocks.slice(0, 3) });
    const community = await client.join(server.invitation);
    community.connect();
    await until(community, "given up", () => community.state.name === "waiting");
    assert.equal(community.state.code, "unreachable");
    assert.equal(community.size, 3, "what was verified is kept");
    assert.ok(server.received.some(({ type }) => type === "ping"));
    server.script = {};
    community.wake();
    await open(community);
    assert.equal(community.size, chain.tree.size);
  } finally {
    await client.close();
    await server.end();
  }
});
