// Somebody comes late to a community that has said much: all of it is verified, shown as it is, and opened once it is shared.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Invitation, MemoryStore } from '../../src/index.js';
import { openSshLine } from '../src/openssh.js';
import { PASSPHRASE, launch } from './browser.js';
import { gather } from './gathering.js';

/** More than the library tells one by one. */
const COUNT = 1200;
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

test('a history of twelve hundred messages comes in at once, and is readable when it is shared', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  // Bob talks from a program, over the same library.
  const client = await Client.open({ store: new MemoryStore() });
  context.after(() => client.close());
  const identity = await client.createIdentity({ bits: 2048 }) ?? client.identity;
  await community.allow(openSshLine((identity ?? client.identity).publicKey, 'Bob'), 'Bob');
  const bob = await client.join(Invitation.parse(community.invitation));
  const opened = until(bob, 'state', (state) => state.name === 'open');
  bob.connect();
  await opened;
  const covered = until(bob, 'checkpoint', () => bob.everyone.count === COUNT && bob.pending.length === 0);
  for (let number = 0; number < COUNT; number += 1) await bob.everyone.send(`Said before ${number}`);
  await covered;

  const ann = await arrive();
  const { page } = ann;
  const workers = [];
  page.on('worker', (worker) => workers.push(worker));
  await countDrawings(ann);
  await ann.join(community, 'Ann');
  await page.waitForFunction((count) => document.querySelector('[data-number]')?.ariaSetSize === String(count), COUNT);
  await page.locator('.closed', { hasText: 'Written before you could read this conversation' }).first().waitFor();
  assert.ok(await page.locator('[data-number]').count() <= 80);
  await drawnUnhurriedly(context, ann, COUNT);
  assert.ok(workers.length >= 2 && workers.every((worker) => /\/reader-[A-Z2-7]{8}\.js$/u.test(worker.url())), 'workers read it, which the policy allows');
  assert.deepEqual(page.workers(), [], 'and are gone when it is read');

  // Where no worker can be had the page does it alone.
  const cat = await arrive({ serviceWorkers: 'block' });
  cat.expected.push(/Service Worker registration blocked/u, /ERR_FAILED/u);
  let refused = 0;
  await cat.context.route('**/reader-*.js', (route) => {
    refused += 1;
    return route.abort();
  });
  await cat.join(community, 'Cat');
  await cat.page.waitForFunction((count) => document.querySelector('[data-number]')?.ariaSetSize === String(count), COUNT);
  assert.ok(refused > 0);
  cat.clean();

  await bob.everyone.share(ann.account);
  await page.getByRole('feed').focus();
  await page.keyboard.press('End');
  await ann.sees(`Said before ${COUNT - 1}`);
  await page.keyboard.press('Home');
  await ann.sees('Said before 0');
  await ann.write('I have read it all.');
  await ann.sees('I have read it all.');
  ann.clean();
});

test('one’s own messages come in on another device without a drawing for each', async (context) => {
  const own = 600; // so few that the library tells each of them
  const { community, arrive } = await gather(context, browser, []);
  const client = await Client.open({ store: new MemoryStore() });
  context.after(() => client.close());
  await client.createIdentity({ bits: 2048, passphrase: PASSPHRASE });
  await community.allow(openSshLine(client.identity.publicKey, 'Ann'), 'Ann');
  const program = await client.join(Invitation.parse(community.invitation));
  const covered = until(program, 'checkpoint', () => program.everyone.count === own && program.pending.length === 0);
  program.connect();
  for (let number = 0; number < own; number += 1) await program.everyone.send(`Noted ${number}`);
  await covered;
  await program.disconnect();

  const ann = await arrive();
  await countDrawings(ann);
  await ann.page.goto(community.invitation);
  await ann.restore(client.backup.text);
  await ann.say('Join');
  await ann.sees(`Noted ${own - 1}`);
  await drawnUnhurriedly(context, ann, own);
  ann.clean();
});

/** Counts how often the list is drawn, by what it asks for each time: its rows. */
function countDrawings(person) {
  return person.page.addInitScript(() => {
    globalThis.drawings = { count: 0, first: 0, last: 0 };
    const { prototype } = Element;
    const ask = prototype.querySelectorAll;
    prototype.querySelectorAll = function querySelectorAll(selector) {
      if (selector === '[data-number]') {
        const { drawings } = globalThis;
        drawings.count += 1;
        drawings.last = performance.now();
        drawings.first ||= drawings.last;
      }
      return ask.call(this, selector);
    };
  });
}

/** The list was drawn some times a second at most, however many blocks came: a slow machine may draw more often, and never for each. */
async function drawnUnhurriedly(context, person, blocks) {
  const { count, first, last } = await person.page.evaluate(() => globalThis.drawings);
  const seconds = (last - first) / 1000;
  context.diagnostic(`${count} drawings in ${seconds.toFixed(1)} s: ${Math.round((1000 * count) / blocks)} for 1,000 blocks`);
  assert.ok(count <= 60 + 40 * seconds, `${count} drawings in ${seconds} s`);
}

/** Until an event tells what is wanted. */
function until(emitter, name, wanted) {
  return new Promise((resolve) => {
    const off = emitter.on(name, (told) => {
      if (!wanted(told)) return;
      off();
      resolve(told);
    });
  });
}
