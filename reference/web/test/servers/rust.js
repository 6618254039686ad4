/** A member of the other implementation: the Rust client's command line, in a home folder of its own. */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VECTORS } from "../vectors/files.js";

const PROGRAM = process.env.DISPATCH ?? fileURLToPath(new URL("../../../../target/debug/dispatch", import.meta.url));

export class RustMember {
  constructor() {
    if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: run \`cargo build --package dispatch-client\``);
    this.folder = mkdtempSync(join(tmpdir(), "dispatch-test-"));
    this.home = join(this.folder, "home");
    this.passphrase = join(this.folder, "passphrase");
    writeFileSync(this.passphrase, "passphrase of a test\n", { mode: 0o600 });
  }

  /** With the identity of a test account. */
  static async of(name) {
    const member = new RustMember();
    await member.run("keygen", "--import", fileURLToPath(new URL(`keys/${name}.test-key.pem`, VECTORS)), "--no-passphrase");
    return member;
  }

  /** Runs a command to its end: `{code, lines, told}`, what it printed as JSON lines and what it told on standard error. */
  attempt(...words) {
    const words_ = ["--home", this.home, "--passphrase-file", this.passphrase, "--json", ...words];
    return new Promise((resolve) => {
      execFile(PROGRAM, words_, { timeout: 60_000 }, (error, stdout, stderr) => {
        const lines = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
        resolve({ code: error ? (error.code ?? error.signal) : 0, lines, told: stderr });
      });
    });
  }

  /** Runs a command that must succeed; gives its JSON lines. */
  async run(...words) {
    const { code, lines, told } = await this.attempt(...words);
    if (code !== 0) throw new Error(`dispatch ${words.join(" ")} ended with ${code}: ${told}`);
    return lines;
  }

  /** All words of the chain, or why they are closed, and who said them. */
  async history(...words) {
    return (await this.run("history", ...words)).map(({ state, text, author, index, id, reply_to }) => ({ words: text ?? `(${state})`, author, index, id, reply_to }));
  }

  end() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
