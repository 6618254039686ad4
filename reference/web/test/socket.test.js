import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { Socket, webSocket } from "../src/socket.js";
import { ChainMaker } from "./servers/chain-maker.js";

async function withSocket(work) {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/v1/socket" });
  await once(server, "listening");
  const patience = new AbortController();
  try {
    const [socket, [peer]] = await Promise.all([
      Socket.open(WebSocket, `http://127.0.0.1:${server.address().port}`, patience.signal),
      once(server, "connection"),
    ]);
    await work({ socket, peer, patience });
    socket.close();
  } finally {
    for (const peer of server.clients) peer.terminate();
    server.close();
  }
}

const bye = { type: "bye", code: "shutting_down", detail: "" };

test("the patience for opening a socket ends when it is open", () =>
  withSocket(async ({ socket, peer, patience }) => {
    patience.abort();
    peer.send(JSON.stringify(bye));
    assert.deepEqual(await socket.next(), bye);
  }));

test("a frame of an unknown type is passed over, one that is no frame is not", () =>
  withSocket(async ({ socket, peer }) => {
    peer.send('{"type":"weather","code":17}');
    peer.send(JSON.stringify(bye));
    assert.deepEqual(await socket.next(), bye);
    peer.send('{"type":"bye","type":"bye"}');
    await assert.rejects(socket.next(), { code: "malformed" });
    peer.send(Buffer.from(JSON.stringify(bye)));
    await assert.rejects(socket.next(), { code: "malformed" });
    peer.send(JSON.stringify({ ...bye, detail: "x".repeat(1_048_576) }));
    await assert.rejects(socket.next(), { code: "malformed" });
  }));

test("a frame's length counts in bytes, not in letters", () =>
  withSocket(async ({ socket, peer }) => {
    const frame = (count) => JSON.stringify({ ...bye, detail: "é".repeat(count) });
    const most = Math.floor((1_048_576 - frame(0).length) / 2);
    peer.send(frame(most));
    peer.send(frame(most + 1));
    assert.equal((await socket.next()).detail.length, most);
    await assert.rejects(socket.next(), { code: "malformed" });
  }));

test("the package `ws`, where it is taken, takes no long frames and offers no compression", async () => {
  const there = globalThis.WebSocket;
  delete globalThis.WebSocket; // newer versions of Node have one
  try {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/v1/socket" });
    await once(server, "listening");
    const [socket, [peer, request]] = await Promise.all([
      Socket.open(await webSocket(), `http://127.0.0.1:${server.address().port}`, new AbortController().signal),
      once(server, "connection"),
    ]);
    assert.equal(request.headers["sec-websocket-extensions"], undefined);
    peer.send("x".repeat(1_048_577));
    await assert.rejects(socket.next(), { code: "unreachable" });
    socket.close();
    server.close();
  } finally {
    if (there) globalThis.WebSocket = there;
  }
});

test("what came before the end is read before the end is told", () =>
  withSocket(async ({ socket, peer }) => {
    peer.send(JSON.stringify(bye));
    peer.close(1001);
    await once(peer, "close");
    assert.deepEqual(await socket.next(), bye);
    await assert.rejects(socket.next(), { code: "unreachable" });
  }));

test("where more comes than is read, the connection ends, and what has come is read in its order", () =>
  withSocket(async ({ socket, peer }) => {
    const detail = "x".repeat(1_000_000);
    for (let at = 0; at < 50; at++) peer.send(JSON.stringify({ ...bye, detail: `${at} ${detail}` }));
    await once(peer, "close");
    let count = 0;
    for (;;) {
      try {
        const frame = await socket.next();
        assert.equal(frame.detail.split(" ")[0], String(count++));
      } catch (error) {
        assert.equal(error.code, "behind");
        break;
      }
    }
    assert.ok(count > 30 && count < 40, `${count}`);
  }));

/** Workers that answer when they are told to, in any order. */
function hesitant() {
  const asked = [];
  const read = (text) => new Promise((resolve) => asked.push({ text, answer: () => resolve({ frame: JSON.parse(text) }) }));
  return { isReady: true, asked, read };
}

const sizeOf = (asked) => asked.reduce((sum, { text }) => sum + text.length, 0);
const eventually = async (isSo) => {
  while (!isSo()) await new Promise(setImmediate);
};

test("workers hold two frames of the longest at most, whatever waits behind them, and what they give back comes in its order", () =>
  withSocket(async ({ socket, peer }) => {
    const readers = hesitant();
    const count = 12;
    for (let at = 0; at < count; at++) peer.send(JSON.stringify({ ...bye, detail: `${at} ${"x".repeat(400_000)}` }));
    peer.close(1001);
    await once(peer, "close");
    await eventually(() => socket.hasEnded);
    socket.readers = readers;
    assert.equal(readers.asked.length, 5);
    const told = [];
    for (let at = 0; at < count; at++) {
      const next = socket.next();
      const waiting = readers.asked.filter(({ isAnswered }) => !isAnswered);
      assert.ok(sizeOf(readers.asked.slice(told.length)) <= 2 * 1_048_576);
      for (const each of waiting.toReversed()) {
        each.isAnswered = true;
        each.answer();
      }
      told.push((await next).detail.split(" ")[0]);
    }
    assert.deepEqual(told, Array.from({ length: count }, (_, at) => String(at)));
    await assert.rejects(socket.next(), { code: "unreachable" });
  }));

test("blocks that have come are one frame as far as they follow on each other; what does not is found in its turn", () =>
  withSocket(async ({ socket, peer }) => {
    const { blocks } = await ChainMaker.found(["m01", "m02", "m03"]);
    const frame = (from, count) => JSON.stringify({ type: "blocks", from, blocks: blocks.slice(from, from + count) });
    for (const text of [frame(0, 2), frame(2, 1), frame(4, 1), '{"type":"weather"}', frame(0, 1), "{", frame(1, 1)]) peer.send(text);
    peer.close(1001);
    await once(peer, "close");
    await eventually(() => socket.hasEnded);
    const got = [];
    for (let at = 0; at < 3; at++) {
      const { from, blocks } = await socket.next();
      got.push([from, blocks.map(({ index }) => index)]);
    }
    assert.deepEqual(got, [
      [0, [0, 1, 2]],
      [4, [4]],
      [0, [0]],
    ]);
    await assert.rejects(socket.next(), { code: "malformed" });
  }));
