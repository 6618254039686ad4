// A community for one test: founded by `dispatchd init` in a temporary folder, served by `dispatchd serve` on a free port.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
export const program = process.env.DISPATCHD ?? join(root, 'target', 'debug', 'dispatchd');
const run = promisify(execFile);

/** Founds one. `lines` go into its configuration, in the place of those with the same name. */
export async function found({ name = 'Sunday walkers', lines = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'dispatch-app-'));
  const dir = join(folder, 'community');
  // The port is kept over restarts, since the origin and with it the page's store hang on it.
  const port = await freePort();
  await run(program, ['init', dir, '--name', name, '--bind', `127.0.0.1:${port}`]);
  const path = join(dir, 'dispatchd.toml');
  let toml = await readFile(path, 'utf8');
  for (const [key, value] of Object.entries(lines)) toml = toml.replace(new RegExp(`^${key} = .*$`, 'mu'), `${key} = ${value}`);
  await writeFile(path, toml);
  return new Community(folder, dir, port);
}

class Community {
  #server = null;
  #lines = null;
  #log = [];

  constructor(folder, dir, port) {
    this.folder = folder;
    this.dir = dir;
    this.origin = `http://127.0.0.1:${port}`;
    this.invitation = null;
  }

  /** Serves it, and gives itself when it does. */
  async serve() {
    this.#server = spawn(program, ['serve', this.dir], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#lines = createInterface({ input: this.#server.stderr });
    this.#lines.on('line', (line) => this.#log.push(line));
    const line = await this.says('invitation=');
    this.invitation = /invitation="?([^"\s]+)/u.exec(line)[1];
    return this;
  }

  /** Its id. */
  get id() {
    return this.invitation.split('/').at(-1);
  }

  /** A line of the log that holds these words: the first one from now on. */
  says(words) {
    return new Promise((resolve, reject) => {
      const look = (line) => {
        if (!line.includes(words)) return;
        this.#lines.off('line', look);
        resolve(line);
      };
      this.#lines.on('line', look);
      this.#server.once('exit', () => reject(new Error(`dispatchd ended before it said “${words}”:\n${this.#log.join('\n')}`)));
    });
  }

  /** Stops the server as its owner does, or kills it. */
  async stop(signal = 'SIGTERM') {
    if (!this.#server || this.#server.exitCode !== null || this.#server.signalCode) return;
    const ended = once(this.#server, 'exit');
    this.#server.kill(signal);
    await ended;
  }

  /** Lets somebody in: a key line as the app shows it. Returns when the server has signed it onto the chain. */
  async allow(line, name) {
    const done = this.says('the roster follows the allowlist').catch(() => {});
    await run(program, ['allow', '-c', this.dir, '--name', name, line]);
    await done;
  }

  /** Takes somebody off the list. */
  async deny(account) {
    await run(program, ['deny', '-c', this.dir, account]);
  }

  /** Copies the store as it is, to be put back later. The server must not run. */
  async copyStore(name) {
    await cp(join(this.dir, 'store'), join(this.folder, name), { recursive: true });
  }

  /** Puts a copied store in the place of the present one. The server must not run. */
  async putStore(name) {
    await rm(join(this.dir, 'store'), { recursive: true });
    await cp(join(this.folder, name), join(this.dir, 'store'), { recursive: true });
  }

  async remove() {
    await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A port at which nobody listens. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
