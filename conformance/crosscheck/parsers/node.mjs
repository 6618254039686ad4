// Asks Node's default parsers about the texts of parsers.json and base64.json, and holds their answers against those files.
//
//     node node.mjs            exit code 0: every answer is the committed one; 1: some are not
//     node node.mjs --write    writes the answers to node.json, from which make-vectors takes them
//
// Plain Node 20 or later, no packages.

import { readFileSync, writeFileSync } from "node:fs";

const VECTORS = new URL("../../../vectors/static/", import.meta.url);
const MEASURED = new URL("node.json", import.meta.url);

// An answer is a text, or null where the parser refuses.
const written = (value) => JSON.stringify(value);
const hexadecimal = (bytes) => Buffer.from(bytes).toString("hex");
const letters = (text) => text.replaceAll("-", "+").replaceAll("_", "/");

const PARSERS = {
  parsers: {
    "JSON.parse, Buffer": ({ frame }) => written(JSON.parse(Buffer.from(frame, "base64url").toString())),
    "JSON.parse, TextDecoder": ({ frame }) => written(JSON.parse(new TextDecoder().decode(Buffer.from(frame, "base64url")))),
  },
  base64: {
    "Buffer.from": ({ text }) => hexadecimal(Buffer.from(text, "base64url")),
    atob: ({ text }) => hexadecimal(Uint8Array.from(atob(letters(text)), (letter) => letter.charCodeAt(0))),
  },
};

function answer(parser, test) {
  try {
    return parser(test);
  } catch {
    return null;
  }
}

const measured = {};
const wrong = [];
let asked = 0;
for (const [name, parsers] of Object.entries(PARSERS)) {
  const file = JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8"));
  for (const [parser, read] of Object.entries(parsers)) {
    measured[parser] = {};
    for (const test of file.groups.flatMap((group) => group.tests)) {
      asked += 1;
      const ours = (measured[parser][test.id] = answer(read, test));
      const committed = test.parsers?.[parser];
      if (ours !== committed) wrong.push(`${test.id}: ${parser} gives ${ours}, ${name}.json says ${committed}`);
    }
  }
}

if (process.argv.includes("--write")) {
  writeFileSync(MEASURED, `${JSON.stringify(measured, null, 2)}\n`);
  console.log(`${asked} answers are in node.json; run make-vectors`);
} else {
  for (const line of wrong) console.log(`FAIL ${line}`);
  console.log(`Node ${process.version}: ${asked} answers, ${wrong.length} of them not as committed`);
  process.exitCode = wrong.length || !asked ? 1 : 0;
}
