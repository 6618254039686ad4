// The suite's control server, wrong on purpose, with the app's page put at its origin: the page's files come from the committed
// build, and everything else is asked of that server.
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sealBackup, writeContents } from '../../src/backup.js';
import { PASSPHRASE } from './browser.js';
import { root } from './community.js';

const program = process.env.DISPATCH_CONFORMANCE ?? join(root, 'target', 'debug', 'dispatch-conformance');
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };

/** Starts the control server with faults; it ends with the test. */
export async function control(context, ...faults) {
  const args = ['control', ...faults.flatMap((fault) => ['--fault', fault])];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  context.after(async () => {
    child.kill('SIGINT');
    await ended;
  });
  const [url] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended.then(() => { throw new Error('no control server'); })]);
  const { host } = new URL(url);
  const origin = `http://${host}`;
  const { community } = await (await fetch(`${origin}/.well-known/dispatch-d`)).json();
  return { origin, community, invitation: `${origin}/#dispatch-d/1/${community}` };
}

/** Puts the page's files at an origin. The policy is the one that `dispatchd` sends, for this origin. */
export async function pageAt(browserContext, origin) {
  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src 'self' ${origin.replace('http', 'ws')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dispatch-d`;
  for (const name of await readdir(dist)) {
    await browserContext.route(name === 'index.html' ? `${origin}/` : `${origin}/${name}`, async (route) => route.fulfill({
      body: await readFile(join(dist, name)),
      headers: { 'content-type': TYPES[extname(name)] ?? 'text/plain', 'content-security-policy': policy },
    }));
  }
}

/** A backup of one of the suite's public test accounts. */
export async function backupOf(name) {
  const pem = await readFile(join(root, 'vectors', 'keys', `${name}.test-key.pem`));
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  const accounts = JSON.parse(await readFile(join(root, 'vectors', 'keys', 'accounts.json'), 'utf8'));
  const { x25519_private: card } = (accounts.accounts ?? accounts).find((one) => one.name === name);
  return sealBackup(writeContents({ private_key: der.toString('base64url'), cards: [card], communities: [] }), PASSPHRASE);
}
