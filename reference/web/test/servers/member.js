/** Members for tests: clients over a store in memory, with the identities of the test accounts. */

import { readFileSync } from "node:fs";
import { Client, MemoryStore } from "../../src/index.js";
import { cardKey, decode, sealBackup, writeContents } from "../../src/core.js";
import { readAccounts, VECTORS } from "../vectors/files.js";

export { open, until, words } from "./until.js";

/** A client with the identity of a test account, by way of a backup: making RSA keys takes its time. */
export async function member(name, { store = new MemoryStore(), ...options } = {}) {
  const client = await Client.open({ store, ...options });
  if (!client.identity) await client.restoreBackup(await backupOf(name), "passphrase of a test");
  return client;
}

const backups = new Map();

export function backupOf(name) {
  if (!backups.has(name)) {
    const account = readAccounts().find((each) => each.name === name);
    backups.set(name, sealBackup(writeContents({ private_key: privateKeyOf(name), cards: [account.x25519_private], communities: [] }), "passphrase of a test"));
  }
  return backups.get(name);
}

/** @returns {string} of a test account, as a backup has it */
export function privateKeyOf(name) {
  const pem = readFileSync(new URL(`keys/${name}.test-key.pem`, VECTORS), "utf8");
  return Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64").toString("base64url");
}

export const publicKeyOf = (name) => decode(readAccounts().find((each) => each.name === name).public_key);
export const accountOf = (name) => readAccounts().find((each) => each.name === name).id;
export const cardOf = (name) => cardKey(decode(readAccounts().find((each) => each.name === name).x25519_private));
export const pemOf = (name) => {
  const base64 = Buffer.from(publicKeyOf(name))
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n");
  return `# ${name}\n-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
};

/** Lets clients into a server's community, and closes them all in the end. */
export function guests(server) {
  const clients = [];
  return {
    join: async (client) => {
      clients.push(client);
      const community = await client.join(server.invitation);
      community.connect();
      return community;
    },
    leave: async () => {
      for (const client of clients) await client.close();
    },
  };
}
