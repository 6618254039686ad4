/** The real dispatchd on a free port, in a folder of its own. */

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Invitation } from "../../src/index.js";

const PROGRAM = process.env.DISPATCHD ?? fileURLToPath(new URL("../../../../target/debug/dispatchd", import.meta.url));

export class Dispatchd {
  #process = null;
  port = 0;

  constructor(name = "Our street", configure = (text) => text) {
    if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: run \`cargo build --package dispatch-server\``);
    this.folder = mkdtempSync(join(tmpdir(), "dispatchd-test-"));
    this.place = join(this.folder, "community");
    execFileSync(PROGRAM, ["init", this.place, "--name", name]);
    const file = join(this.place, "dispatchd.toml");
    const text = readFileSync(file, "utf8");
    this.community = /^community = "(.*)"$/m.exec(text)[1];
    writeFileSync(file, configure(text));
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  get invitation() {
    return Invitation.of(this.origin, this.community);
  }

  /** @param {string[]} pems */
  allow(...pems) {
    writeFileSync(join(this.place, "allowlist"), pems.join("\n"));
  }

  /** Serves; a second time on the same port, since the origin is signed and pinned. */
  async start() {
    const child = spawn(PROGRAM, ["serve", this.place, "--bind", `127.0.0.1:${this.port}`], { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    this.log = "";
    await new Promise((resolve, reject) => {
      child.on("exit", (code) => reject(new Error(`dispatchd ended with ${code}: ${this.log}`)));
      child.stderr.on("data", (data) => {
        this.log += data;
        const found = /serving.* address=\S*?127\.0\.0\.1:(\d+)/.exec(this.log.replace(/\u001b\[[0-9;]*m/g, ""));
        if (!found) return;
        this.port = Number(found[1]);
        resolve();
      });
    });
    return this;
  }

  /** Without a word, as a power cut does. */
  async kill(signal = "SIGKILL") {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null) return;
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  /** A copy of the store, as an owner's backup is; the server must not run. */
  copyStore() {
    // A killed server leaves its control socket behind, which cannot be copied.
    const filter = (/** @type {string} */ from) => !from.endsWith(".sock");
    cpSync(join(this.place, "store"), join(this.folder, "copy"), { recursive: true, filter });
  }

  /** Puts the copy back. */
  restoreStore() {
    rmSync(join(this.place, "store"), { recursive: true });
    cpSync(join(this.folder, "copy"), join(this.place, "store"), { recursive: true });
  }

  async end() {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
