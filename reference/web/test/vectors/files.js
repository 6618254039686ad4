/** The vectors' files, for tests that run in Node. */

import { readdirSync, readFileSync } from "node:fs";

export const VECTORS = new URL("../../../../vectors/", import.meta.url);

export const readVectors = () =>
  readdirSync(new URL("static/", VECTORS))
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(new URL(`static/${name}`, VECTORS), "utf8")));

export const readAccounts = () => JSON.parse(readFileSync(new URL("keys/accounts.json", VECTORS), "utf8"));
