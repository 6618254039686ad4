// Starts the suite's program: runs that write reports, and servers that are wrong on purpose.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = process.env.DISPATCH_CONFORMANCE ?? join(root, 'target', 'debug', 'dispatch-conformance');

/** A folder that goes when the tests do. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'dispatch-reports-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Runs the suite to its end; gives its exit code and what it wrote. */
export async function suite(...args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => { text += part; });
  child.stderr.setEncoding('utf8').on('data', (part) => { text += part; });
  const [code] = await once(child, 'close');
  return { code, text };
}

/** Serves the control server with faults while `work` is done with its URL. */
export async function withFaults(faults, work) {
  const args = ['control', ...faults.flatMap((fault) => ['--fault', fault])];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  try {
    const lines = createInterface({ input: child.stdout });
    const [url] = await Promise.race([once(lines, 'line'), ended.then(() => { throw new Error('no control server'); })]);
    return await work(url);
  } finally {
    child.kill('SIGINT');
    await ended;
  }
}
