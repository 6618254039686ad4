/** The verifier of evidence in Python: another implementation over other libraries. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const place = (path) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
const PYTHON = existsSync(place("target/venv/bin/python")) ? place("target/venv/bin/python") : "python3";
const SCRIPT = "import sys, json; sys.path.insert(0, sys.argv[1]); import chain, wire; print(wire.b64(chain.check_evidence(json.load(sys.stdin))))";

/**
 * @param {string} file the text of an evidence file
 * @returns {string} the community that is convicted
 */
export function verifyInPython(file) {
  return execFileSync(PYTHON, ["-c", SCRIPT, place("conformance/crosscheck")], { input: file, encoding: "utf8" }).trim();
}
