/** A community that went on for long without one of its two members, and a device of theirs that comes back, for tests of what is shown first. */

import { Client, MemoryStore } from "../../src/index.js";
import { ChainMaker } from "./chain-maker.js";
import { member, until } from "./member.js";
import { Scripted } from "./scripted.js";

export const EVERY = ["m01", "m02"];
/** What was there when we left, and what came since: under an epoch that we know, and then under one that began after we left. */
export let short;
export let chain;
export let epoch;
export let later;
export let server;
/** Taken out of a backup once: that takes its time. */
let identity;
const clients = [];

export async function begin() {
  chain = await ChainMaker.found(EVERY);
  epoch = await chain.epoch("m02", EVERY);
  for (const text of ["one", "two"]) await chain.message("m02", epoch, text);
  short = chain.copy();
  for (let at = 0; at < 900; at++) await chain.message("m02", epoch, `old ${at}`);
  later = await chain.epoch("m02", EVERY);
  for (let at = 0; at < 200; at++) await chain.message("m02", later, `new ${at}`);
  identity = await (await member("m01")).store.get("identity", "identity");
  server = await Scripted.start(chain);
}

export async function end() {
  for (const client of clients) await client.close();
  await server.end();
}

/** Does some work with a server of another community. */
export async function elsewhere(from, work) {
  const usual = server;
  server = await Scripted.start(from);
  try {
    await work();
  } finally {
    await server.end();
    server = usual;
  }
}

/** A device of ours that has nothing yet but its keys. */
export async function device(options = {}) {
  const store = new MemoryStore();
  await store.commit([{ table: "identity", key: "identity", value: identity }]);
  return ours(await Client.open({ store, ...options }));
}

/** Has it closed in the end. */
export function ours(client) {
  clients.push(client);
  return client;
}

export const asIs = (answer) => answer;

/** A device that was here before the others went on; `to` is what it finds, and the sync waits until `go` is called. */
export async function returning({ from = short, to = chain, script = {}, ...options } = {}) {
  server.chain = from;
  server.script = {};
  const client = await device(options);
  const community = await client.join(server.invitation);
  community.connect();
  await until(community, "all is covered", () => community.state.name === "open" && community.checkpoint?.size === community.size);
  await community.everyone.markRead(community.everyone.count);
  await community.disconnect();
  let go;
  const gate = new Promise((resolve) => {
    go = resolve;
  });
  server.chain = to;
  server.asked = [];
  server.script = { perFrame: 50, before: () => gate, requests: asIs, ...script };
  const earlies = [];
  community.on("early", (early) => earlies.push(early));
  community.connect();
  return { client, community, go, earlies };
}

export const texts = ({ everyone }) => everyone.early.map(({ content, closed }) => content?.text ?? `(${closed})`);
export const early = (community) => until(community, "early messages", () => community.early && community.everyone.early.length > 0 && community.early);
export const newest = Array.from({ length: 64 }, (_, at) => `new ${136 + at}`);
