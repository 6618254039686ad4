// Somebody comes back after much was said: the newest stands there at once, marked, and the rest closes up to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, Invitation, MemoryStore } from '../../src/index.js';
import { openSshLine } from '../src/openssh.js';
import { PASSPHRASE, launch } from './browser.js';
import { gather } from './gathering.js';

/** So much that epochs change in between. */
const COUNT = Number(process.env.MESSAGES ?? 1600);
const LAST = `Said meanwhile ${COUNT - 1}`;
let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

test('who was away for thousands of messages reads the newest at once, marked until all before them is verified', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  // Bob, and Ann's first device, are programs over the same library.
  const [bob, ann] = [await program(context, community, 'Bob'), await program(context, community, 'Ann', PASSPHRASE)];
  for (const { room } of [bob, ann]) await until(room, 'blocks', () => room.members.filter(({ hasCard }) => hasCard).length === 2);
  await bob.room.everyone.send('See you in a month.');
  await until(ann.room, 'message', () => ann.room.everyone.count === 1);
  await ann.client.close();
  // Her devices, which have seen as much.
  const devices = [];
  for (let each = 0; each < Number(process.env.DEVICES ?? 3); each += 1) {
    const device = await arrive();
    await device.page.goto(community.invitation);
    await device.restore(ann.client.backup.text);
    await device.say('Join');
    await device.sees('See you in a month.');
    await device.page.locator('.connection.good').waitFor();
    await device.page.goto('about:blank');
    devices.push(device);
  }
  for (let number = 0; number < COUNT; number += 1) await bob.room.everyone.send(`Said meanwhile ${number}`);
  await until(bob.room, 'checkpoint', () => bob.room.everyone.count === COUNT + 1 && bob.room.checkpoint.size === bob.room.size);

  // The first one's sync is held back after some blocks, so that one can look.
  const [held, ...others] = devices;
  const { page } = held;
  const release = await holdBlocks(held, community);
  // On a phone the list of conversations comes first.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(community.invitation);
  await page.locator('.entry', { hasText: LAST }).getByText('Not yet verified whole').waitFor({ state: 'attached' });
  await held.looksRight('newest-first-list');
  await page.locator('.entry').first().click();
  const early = page.locator('.early .row', { hasText: LAST });
  await early.waitFor();
  await held.sees('See you in a month.');
  assert.ok(await inView(page, LAST));
  // An epoch may be among the last 64 blocks.
  const rows = await page.locator('.early .row').count();
  assert.ok(rows > 60 && rows <= 64, `${rows} rows`);
  assert.equal(await page.locator('.early .row').getByText('Not yet verified whole').count(), rows);
  const note = await page.locator('.early-note').innerText();
  const [, checked, all] = /([\d,]+) of ([\d,]+) blocks checked/u.exec(note).map((text) => Number(text.replaceAll(',', '')));
  assert.ok(checked < all - 1000 && all > COUNT, note);
  assert.doesNotMatch(await page.title(), new RegExp(String(COUNT)), 'nothing of it is counted');
  await held.looksRight('newest-first');
  // Where the gap is: what was verified before ends, and what is not yet begins.
  await page.locator('.list').evaluate((list) => { list.scrollTop = list.querySelector('.early').offsetTop - 300; });
  await page.waitForFunction(() => document.querySelector('.to-end'));
  await held.looksRight('newest-first-gap');
  // What is looked at stays where it is, to the pixel or nearly so, while it gets its place.
  const looked = `Said meanwhile ${COUNT - 50}`;
  await page.locator('.list').evaluate((list, text) => {
    list.scrollTop += [...list.querySelectorAll('.early .row')].find((row) => row.textContent.includes(text)).getBoundingClientRect().top - list.getBoundingClientRect().top - 100;
  }, looked);
  const before = await topOf(page, looked);
  await release();
  await page.locator('.connection.good').waitFor();
  await page.locator('.early').waitFor({ state: 'detached' });
  await page.locator(`[data-number="${COUNT - 49}"]`, { hasText: looked }).waitFor();
  await page.waitForFunction(() => document.querySelector('.list').getAttribute('aria-busy') !== 'true');
  const moved = Math.abs((await topOf(page, looked)) - before);
  assert.ok(moved < 60, `it moved by ${moved} pixels`);
  assert.doesNotMatch(await page.title(), /^Sunday/u, 'what is below it was not seen yet');
  await page.getByRole('button', { name: /new messages|To the newest/u }).click();
  await page.locator(`[data-number="${COUNT}"]`, { hasText: LAST }).waitFor();
  assert.equal(await page.getByText('Not yet verified whole').count(), 0);
  assert.equal(await held.said(LAST).count(), 1);
  await page.getByRole('feed').focus();
  await page.keyboard.press('Home');
  await page.locator('[data-number="1"]', { hasText: 'New messages' }).waitFor();
  await held.write('I am back.');
  await held.sees('I am back.');
  held.clean();

  // How much sooner it is there than without: a ratio of this run.
  const took = { with: [], without: [] };
  for (const [at, device] of others.entries()) {
    const way = at % 2 ? 'without' : 'with';
    if (way === 'without') {
      device.expected.push(/ERR_FAILED/u);
      await device.context.route('**/v1/proofs/**', (route) => route.abort());
    }
    took[way].push(await firstSight(device, community));
    await device.page.locator('.connection.good').waitFor({ timeout: 300_000 });
    device.clean();
    await device.leave();
  }
  const told = Object.entries(took).map(([way, sights]) => `${way}: ${sights.map(({ ms, isEarly }) => `${Math.round(ms)} ms${isEarly ? ', early' : ''}`).join('; ')}`);
  context.diagnostic(`the newest of ${COUNT} messages stood there ${told.join(' | ')}`);
  assert.ok(took.with.every(({ isEarly }) => isEarly) && took.without.every(({ isEarly }) => !isEarly));
});

async function program(context, community, name, passphrase) {
  const client = await Client.open({ store: new MemoryStore() });
  context.after(() => client.close());
  await client.createIdentity({ bits: 2048, passphrase });
  await community.allow(openSshLine(client.identity.publicKey, name), name);
  const room = await client.join(Invitation.parse(community.invitation));
  room.connect();
  return { client, room };
}

/** Lets a device have its welcome and no block of the sync, until what is given back is called. */
async function holdBlocks(device, community) {
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  await device.page.routeWebSocket(`${community.origin.replace('http', 'ws')}/v1/socket`, (socket) => {
    const server = socket.connectToServer();
    let order = Promise.resolve();
    server.onMessage((data) => {
      order = order.then(async () => {
        if (JSON.parse(data).type === 'blocks') await released;
        socket.send(data);
      });
    });
  });
  return release;
}

/** Opens the page and gives how long after that the last words stood there, and whether they were marked. */
async function firstSight({ page }, community) {
  await page.addInitScript((text) => {
    const look = () => {
      const words = [...document.querySelectorAll('.list .words')].find((one) => one.textContent === text);
      if (words && !globalThis.sight) globalThis.sight = { ms: performance.now(), isEarly: words.closest('.early') !== null };
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
  }, LAST);
  await page.goto(community.invitation);
  await page.waitForFunction(() => globalThis.sight, undefined, { timeout: 300_000 });
  return page.evaluate(() => globalThis.sight);
}

/** How far below the list's top words stand. */
function topOf(page, text) {
  return page.evaluate((wanted) => {
    const words = [...document.querySelectorAll('.list .words')].find((one) => one.textContent === wanted);
    return words.getBoundingClientRect().top - document.querySelector('.list').getBoundingClientRect().top;
  }, text);
}

/** Whether words are in view. */
function inView(page, text) {
  return page.evaluate((wanted) => {
    const words = [...document.querySelectorAll('.list .words')].find((one) => one.textContent === wanted).getBoundingClientRect();
    const list = document.querySelector('.list').getBoundingClientRect();
    return words.bottom > list.top && words.top < list.bottom;
  }, text);
}

/** Until a condition holds, looked at again at each such event. */
function until(emitter, name, isDue) {
  return new Promise((resolve) => {
    if (isDue()) {
      resolve();
      return;
    }
    const off = emitter.on(name, () => {
      if (!isDue()) return;
      off();
      resolve();
    });
  });
}
