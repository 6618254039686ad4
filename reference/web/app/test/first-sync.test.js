// Somebody comes late to a community that has said much: all of it is verified, shown as it is, and opened once it is shared.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Invitation, MemoryStore } from '../../src/index.js';
import { openSshLine } from '../src/openssh.js';
import { launch } from './browser.js';
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
  await ann.join(community, 'Ann');
  const { page } = ann;
  await page.waitForFunction((count) => document.querySelector('[data-number]')?.ariaSetSize === String(count), COUNT);
  await page.locator('.closed', { hasText: 'Written before you could read this conversation' }).first().waitFor();
  assert.ok(await page.locator('[data-number]').count() <= 80);

  await bob.everyone.share(ann.account);
  await page.getByRole('feed').focus();
  await page.keyboard.press('End');
  await ann.sees(`Said before ${COUNT - 1}`);
  await ann.write('I have read it all.');
  await ann.sees('I have read it all.');
  ann.clean();
});

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
