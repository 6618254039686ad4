// Asks Node's parsers and its cryptography, called as one calls them by default, about the vectors, and holds their answers
// against the `defaults` of each test.
//
//     node node.mjs            exit code 0: every answer is the committed one; 1: some are not
//     node node.mjs --write    writes the answers to node.json, from which make-vectors takes them
//
// Plain Node, no packages. The committed answers are those of Node 20; what another version answers otherwise is told, and is
// no failure.

import crypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const VECTORS = new URL("../../../vectors/static/", import.meta.url);
const MEASURED = new URL("node.json", import.meta.url);
const { subtle } = crypto.webcrypto;

const bytes = (text) => Buffer.from(text, "base64url");
const hexadecimal = (data) => Buffer.from(data).toString("hex");
const letters = (text) => text.replaceAll("-", "+").replaceAll("_", "/");

// What was read, or null where the parser refuses.
const reads = (parser) => async (test) => {
  try {
    return parser(test);
  } catch {
    return null;
  }
};

// Whether the library takes it.
const takes = (library) => async (test) => {
  try {
    return (await library(test)) !== false;
  } catch {
    return false;
  }
};

const spki = (der) => crypto.createPublicKey({ key: bytes(der), format: "der", type: "spki" });
const pss = (der) => subtle.importKey("spki", bytes(der), { name: "RSA-PSS", hash: "SHA-256" }, false, ["verify"]);

// The DER before an X25519 key: RFC 8410.
const PUBLIC = Buffer.from("302a300506032b656e032100", "hex");
const PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");

function derive(x25519) {
  const privateKey = crypto.createPrivateKey({ key: Buffer.concat([PRIVATE, Buffer.alloc(32, 7)]), format: "der", type: "pkcs8" });
  const publicKey = crypto.createPublicKey({ key: Buffer.concat([PUBLIC, bytes(x25519)]), format: "der", type: "spki" });
  return crypto.diffieHellman({ privateKey, publicKey }).length === 32;
}

const READERS = {
  parsers: {
    "JSON.parse, Buffer": reads(({ frame }) => JSON.stringify(JSON.parse(bytes(frame).toString()))),
    "JSON.parse, TextDecoder": reads(({ frame }) => JSON.stringify(JSON.parse(new TextDecoder().decode(bytes(frame))))),
  },
  base64: {
    "Buffer.from": reads(({ text }) => hexadecimal(Buffer.from(text, "base64url"))),
    atob: reads(({ text }) => hexadecimal(Uint8Array.from(atob(letters(text)), (letter) => letter.charCodeAt(0)))),
  },
  keys: {
    "Node crypto": takes(({ der }) => spki(der)),
    WebCrypto: takes(({ der }) => pss(der)),
  },
  signatures: {
    "Node crypto": takes(({ public_key, message, signature }) =>
      crypto.verify("sha256", bytes(message), { key: spki(public_key), padding: crypto.constants.RSA_PKCS1_PSS_PADDING }, bytes(signature))),
    WebCrypto: takes(async ({ public_key, message, signature }) =>
      subtle.verify({ name: "RSA-PSS", saltLength: 32 }, await pss(public_key), bytes(signature), bytes(message))),
  },
  cards: {
    "Node crypto": takes(({ x25519 }) => derive(x25519)),
  },
};

const measured = {};
const wrong = [];
let asked = 0;
for (const [name, readers] of Object.entries(READERS)) {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8"));
  for (const [reader, read] of Object.entries(readers)) {
    measured[reader] ??= {};
    for (const test of file.groups.flatMap((group) => group.tests)) {
      asked += 1;
      const ours = (measured[reader][test.id] = await read(test));
      const committed = test.defaults?.[reader];
      if (ours !== committed) wrong.push(`${test.id}: ${reader} gives ${ours}, ${name}.json says ${committed}`);
    }
  }
}

if (process.argv.includes("--write")) {
  writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(`${asked} answers are in node.json; run make-vectors`);
} else {
  const ours = process.versions.node.startsWith("20.");
  for (const line of wrong) console.log(`${ours ? "FAIL" : "differs"} ${line.slice(0, 240)}`);
  console.log(`Node ${process.version}, OpenSSL ${process.versions.openssl}: ${asked} answers, ${wrong.length} of them not as committed`);
  process.exitCode = (ours && wrong.length) || !asked ? 1 : 0;
}
