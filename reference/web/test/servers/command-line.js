/** The Rust client's command line: another implementation of a member. */

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PROGRAM = process.env.DISPATCH ?? fileURLToPath(new URL("../../../../target/debug/dispatch", import.meta.url));
const run = promisify(execFile);

export class CommandLine {
  constructor() {
    if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: run \`cargo build --package dispatch-client\``);
    this.folder = mkdtempSync(join(tmpdir(), "dispatch-home-"));
    this.passphrase = join(this.folder, "passphrase");
    writeFileSync(this.passphrase, "passphrase of a test\n", { mode: 0o600 });
  }

  #arguments(given) {
    return ["--home", join(this.folder, "home"), "--passphrase-file", this.passphrase, ...given];
  }

  /** @returns {Promise<string>} what it printed; rejects with `code` and `stderr` */
  async dispatch(...given) {
    return (await run(PROGRAM, this.#arguments(given))).stdout;
  }

  /** @returns {Promise<any[]>} the objects that it printed */
  async json(...given) {
    const text = await this.dispatch("--json", ...given);
    return text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Reads along, until the handle is ended. */
  tail() {
    const child = spawn(PROGRAM, this.#arguments(["--json", "tail"]), { stdio: ["ignore", "pipe", "pipe"] });
    const lines = [];
    let rest = "";
    let wake = () => {};
    child.stdout.on("data", (data) => {
      const parts = (rest + data).split("\n");
      rest = parts.pop();
      for (const part of parts.filter(Boolean)) lines.push(JSON.parse(part));
      wake();
    });
    return {
      lines,
      /** @param {(line: any) => boolean} is */
      async until(is) {
        const late = AbortSignal.timeout(20_000);
        for (;;) {
          const found = lines.find(is);
          if (found) return found;
          if (late.aborted) throw new Error(`still waiting; it said ${JSON.stringify(lines)}`);
          await new Promise((resolve) => {
            wake = resolve;
            late.addEventListener("abort", resolve, { once: true });
          });
        }
      },
      async end() {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGINT");
        await ended;
      },
    };
  }

  file(name, text) {
    const path = join(this.folder, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  }

  end() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
