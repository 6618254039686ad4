/** Members for tests: clients over a store in memory, and waiting for what is due instead of sleeping. */

import { readFileSync } from "node:fs";
import { Client, MemoryStore } from "../../src/index.js";
import { cardKey, decode, sealBackup, writeContents } from "../../src/core.js";
import { readAccounts, VECTORS } from "../vectors/files.js";

const PATIENCE_MS = 20_000;

/** A client with the identity of a test account, by way of a backup: making RSA keys takes its time. */
export async function member(name, { store = new MemoryStore(), ...options } = {}) {
  const client = await Client.open({ store, ...options });
  if (!client.identity) await client.restoreBackup(await backupOf(name), "passphrase of a test");
  return client;
}

const backups = new Map();

export function backupOf(name) {
  if (!backups.has(name)) {
    const pem = readFileSync(new URL(`keys/${name}.test-key.pem`, VECTORS), "utf8");
    const private_key = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64").toString("base64url");
    const account = readAccounts().find((each) => each.name === name);
    backups.set(name, sealBackup(writeContents({ private_key, cards: [account.x25519_private], communities: [] }), "passphrase of a test"));
  }
  return backups.get(name);
}

export const publicKeyOf = (name) => decode(readAccounts().find((each) => each.name === name).public_key);
export const accountOf = (name) => readAccounts().find((each) => each.name === name).id;
export const cardOf = (name) => cardKey(decode(readAccounts().find((each) => each.name === name).x25519_private));
export const pemOf = (name) => {
  const base64 = Buffer.from(publicKeyOf(name)).toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `# ${name}\n-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
};

/**
 * Waits until a condition holds, looking again at each of the events.
 *
 * @param {any} community
 * @param {string} what is due, for the failure's text
 * @param {() => unknown} condition
 */
export function until(community, what, condition) {
  return new Promise((resolve, reject) => {
    const offs = [];
    const done = (end, value) => {
      clearTimeout(timer);
      offs.forEach((off) => off());
      end(value);
    };
    const timer = setTimeout(() => done(reject, new Error(`still waiting: ${what}; the state is ${JSON.stringify(community.state)}`)), PATIENCE_MS);
    const look = async () => {
      try {
        const value = await condition();
        if (value) done(resolve, value);
      } catch (error) {
        done(reject, error);
      }
    };
    for (const name of ["state", "blocks", "checkpoint", "roster", "card", "conversation", "message", "changed", "pending", "finding", "notice"]) offs.push(community.on(name, look));
    look();
  });
}

export const open = (community) => until(community, "open", () => community.state.name === "open");

/** All words of a conversation, or why they are closed. */
export const words = async (conversation) => (await conversation.messages(0, conversation.count)).map(({ content, closed }) => content?.text ?? `(${closed})`);
