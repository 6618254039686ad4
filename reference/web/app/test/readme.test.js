// README.md, “Try it”: the commands as they stand there, and a person who follows them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Person, launch } from './browser.js';
import { freePort, program } from './community.js';

test('what README says leads into a community', async (context) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, section] = /^## Try it$(.*?)^## /msu.exec(readme);
  const [serve, allow, ...more] = [...section.matchAll(/^```sh\n(.*?)^```$/gmsu)].map(([, commands]) => commands);
  assert.deepEqual(more, []);
  const folder = await mkdtemp(join(tmpdir(), 'dispatch-readme-'));
  const port = await freePort();
  const env = { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}`, PORT: String(port) };
  const shell = (commands) => spawn('bash', ['-euc', commands], { cwd: folder, env, detached: true, stdio: ['pipe', 'ignore', 'pipe'] });

  const server = shell(serve);
  const ended = once(server, 'exit');
  const browser = await launch();
  context.after(async () => {
    await browser.close();
    if (server.exitCode === null) process.kill(-server.pid, 'SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const log = [];
  const lines = createInterface({ input: server.stderr }).on('line', (line) => log.push(line));
  const says = (words) => new Promise((resolve, reject) => {
    lines.on('line', (line) => line.includes(words) && resolve(line));
    ended.then(() => reject(new Error(`dispatchd ended before it said “${words}”:\n${log.join('\n')}`)));
  });
  const [, invitation] = /invitation="?([^"\s]+)/u.exec(await says('invitation='));
  assert.ok(invitation.startsWith(`http://127.0.0.1:${port}/#dispatch-d/1/`));

  const ann = await Person.arrive(browser, `http://127.0.0.1:${port}`);
  const line = await ann.makeKey(invitation);
  const followed = says('the roster follows the allowlist');
  const allowing = shell(allow);
  allowing.stdin.end(`${line}\n`);
  assert.deepEqual(await once(allowing, 'exit'), [0, null]);
  await followed;
  await ann.page.getByRole('button', { name: 'Ask now' }).click();
  await ann.page.getByLabel('Message to everyone').waitFor();
  await ann.page.getByRole('heading', { name: 'Our street' }).waitFor();
  await ann.write('Hello, street!');
  await ann.said('Hello, street!').locator('.sign.checkpointed').waitFor();
  ann.clean();
});
