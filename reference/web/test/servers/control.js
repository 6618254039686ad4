/** The control server: keeps every rule but those that it is told to break. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Invitation } from "../../src/index.js";

const PROGRAM = process.env.DISPATCH_CONFORMANCE ?? fileURLToPath(new URL("../../../../target/debug/dispatch-conformance", import.meta.url));

export class Control {
  #process;

  /** @param {string[]} faults none for a server that keeps every rule */
  static async start(...faults) {
    if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: run \`cargo build --package dispatch-conformance\``);
    const control = new Control();
    const child = spawn(PROGRAM, ["control", ...faults.flatMap((fault) => ["--fault", fault])], { stdio: ["ignore", "pipe", "pipe"] });
    control.#process = child;
    control.origin = await new Promise((resolve, reject) => {
      let said = "";
      child.on("exit", (code) => reject(new Error(`the control server ended with ${code}: ${said}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (data) => {
          said += data;
          const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
          if (found) resolve(found[0]);
        });
      }
    });
    const { community } = await (await fetch(`${control.origin}/.well-known/dispatch-d`)).json();
    control.invitation = Invitation.of(control.origin, community);
    return control;
  }

  async end() {
    const child = this.#process;
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
  }
}
