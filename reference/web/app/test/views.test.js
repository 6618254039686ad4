// Each view, wide and on a phone, light and dark: as a checker of accessibility sees it, by keyboard alone, and on pictures
// (`SCREENSHOTS=folder`) for people to look at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, PASSPHRASE, launch, sizes } from './browser.js';
import { gather } from './gathering.js';

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

test('the way in: key, backup, door', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive();
  const { page } = ann;
  await page.goto(community.origin);
  await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  await ann.looksRight('welcome');
  await page.goto(community.invitation);
  await page.getByRole('heading', { name: 'You are invited' }).waitFor();
  await page.getByRole('button', { name: 'Make my key' }).click();
  await page.getByText('Make the passphrase longer').waitFor();
  await ann.looksRight('first-run');
  await page.getByLabel('A passphrase for your backup').fill(PASSPHRASE);
  await page.getByLabel('The passphrase again').fill('something else entirely');
  await page.getByRole('button', { name: 'Make my key' }).click();
  await page.getByText('The two are not the same').waitFor();
  await page.getByRole('button', { name: 'Restore a backup' }).click();
  await page.getByRole('heading', { name: 'Restore a backup' }).waitFor();
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByText('Choose the backup file first').waitFor();
  await page.getByLabel('The backup file').setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"no": "backup"}') });
  await page.getByLabel('Its passphrase').fill('x');
  await page.getByRole('button', { name: 'Restore' }).click();
  await page.getByText('This file is not a dispatch-d backup').waitFor();
  await ann.looksRight('restore');
  await page.getByRole('button', { name: 'Make a new key instead' }).click();
  await page.getByLabel('A passphrase for your backup').fill(PASSPHRASE);
  await page.getByLabel('The passphrase again').fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Make my key' }).click();
  await page.getByRole('heading', { name: 'Keep your backup' }).waitFor();
  await ann.looksRight('keep-backup');
  await page.getByRole('button', { name: 'Later' }).click();
  await ann.say('Join');
  await page.getByRole('heading', { name: 'Almost there' }).waitFor();
  await page.getByText('The key itself').click();
  await ann.looksRight('door');
  await page.getByRole('button', { name: 'Copy my key' }).click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('.key').inputValue());
  ann.clean();
});

test('what is not a whole invitation, and one for another address, is said so', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive();
  const { page } = ann;
  await ann.makeKey(`${community.invitation}x`, 'The invitation does not work');
  await page.getByText('This is not a whole invitation').waitFor();
  await ann.looksRight('bad-invitation');
  await page.getByLabel('The link').fill(community.invitation.replace('127.0.0.1', 'chat.example.org').replace('http:', 'https:'));
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText(/This invitation is for https:\/\/chat\.example\.org:\d+\. This page cannot go there/u).waitFor();
  const elsewhere = community.invitation.replace(community.origin, `https://chat.example.org:${new URL(community.origin).port}`);
  assert.equal(await page.getByRole('link', { name: 'Open the link' }).getAttribute('href'), elsewhere);
  await ann.looksRight('elsewhere');
  ann.clean();
});

test('the rooms: conversations, members, oneself, and what can be done with a message', async (context) => {
  const { people: [ann, bob, cem], community } = await gather(context, browser, ['Ann', 'Bob', 'Cem']);
  await ann.looksRight('empty');
  await ann.call(bob, 'Bob Miller');
  await bob.write('Who brings the ladder on Saturday?');
  await ann.sees('Who brings the ladder on Saturday?');
  await ann.write('I can. It is in the shed behind the garage, the one with the green door; take the long one, the short one wobbles.');
  await bob.sees('I can. It is in the shed behind the garage, the one with the green door; take the long one, the short one wobbles.');
  await bob.act('I can. It is in the shed behind the garage, the one with the green door; take the long one, the short one wobbles.');
  await bob.page.getByRole('button', { name: 'Reply' }).click();
  await bob.write('Thanks! 🪜');
  await bob.write('مرحبا بالجميع');
  await cem.write('My number is 0170 1234567.');
  await cem.sees('My number is 0170 1234567.');
  await cem.act('My number is 0170 1234567.');
  await cem.page.getByRole('button', { name: 'Remove for everyone…' }).click();
  await cem.page.getByRole('button', { name: 'Remove', exact: true }).click();
  await ann.page.locator('.closed', { hasText: 'Removed by' }).waitFor();
  await ann.page.getByRole('button', { name: 'New private conversation' }).click();
  await ann.looksRight('new-conversation');
  await ann.page.getByRole('checkbox', { name: 'Bob Miller' }).check();
  await ann.page.getByRole('button', { name: 'Begin' }).click();
  await ann.write('Shall we bake for Cem?');
  await ann.said('Shall we bake for Cem?').locator('.sign.checkpointed').waitFor();
  await bob.page.getByRole('button', { name: /Shall we bake/u }).waitFor();
  await bob.looksRight('unread');
  await ann.looksRight('private');
  await ann.page.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: /^Everyone/u }).click();
  await ann.said('I can. It is in the shed behind the garage, the one with the green door; take the long one, the short one wobbles.').locator('.sign.checkpointed').waitFor();
  await ann.looksRight('conversation');
  await community.deny(cem.account);
  await ann.page.getByText(/was removed by the owner/u).waitFor();
  await cem.page.getByText('You are no longer a member').first().waitFor();
  await cem.looksRight('removed');
  await ann.page.getByRole('button', { name: 'Members' }).click();
  await ann.page.getByRole('heading', { name: 'No longer members' }).waitFor();
  await ann.looksRight('members');
  await ann.page.getByRole('button', { name: 'Bob Miller' }).last().click();
  await ann.page.getByRole('dialog').getByText('How they came').waitFor();
  await ann.looksRight('member');
  await ann.page.keyboard.press('Escape');
  await ann.page.locator('.own').click();
  await ann.page.getByRole('heading', { name: 'What was verified' }).waitFor();
  await ann.looksRight('you');
  await ann.page.getByRole('button', { name: 'Close' }).click();
  await ann.act('I can. It is in the shed behind the garage, the one with the green door; take the long one, the short one wobbles.');
  await ann.looksRight('message');
  await ann.page.getByRole('button', { name: 'Remove for everyone…' }).click();
  await ann.looksRight('remove');
  await ann.page.keyboard.press('Escape');
  await community.stop('SIGKILL');
  await ann.page.getByText('The server cannot be reached.').first().waitFor();
  await ann.write('Written while the server is away.');
  await ann.said('Written while the server is away.').waitFor();
  await ann.looksRight('waiting');
  for (const one of [ann, bob, cem]) {
    one.expected.push(/ERR_CONNECTION_REFUSED/u, /WebSocket connection to .* failed/u, /ERR_CONNECTION_RESET/u);
    one.clean();
  }
});

test('all of it works by keyboard alone, and the keyboard can be seen', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  const { page } = ann;
  await bob.write('By keyboard?');
  await ann.sees('By keyboard?');
  await page.getByLabel('Message to everyone').focus();
  await page.keyboard.type('Yes,');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two lines.');
  await page.keyboard.press('Enter');
  await bob.sees('Yes,\ntwo lines.');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'feed');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.waitForFunction(() => document.activeElement?.textContent.includes('By keyboard?'));
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid', 'one sees where one is');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: /^Message by/u }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Reply to').waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
  await page.keyboard.type('It does.');
  await page.keyboard.press('Enter');
  await bob.said('It does.').locator('.quote').waitFor();
  // Every stop of the keyboard has a name and can be seen.
  const stops = new Set();
  for (let times = 0; times < 30; times += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (element === document.body) return null;
      const box = element.getBoundingClientRect();
      return { name: element.ariaLabel || element.textContent || element.placeholder, seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 };
    });
    if (!stop) continue;
    assert.ok(stop.name && stop.seen, JSON.stringify(stop));
    stops.add(stop.name.slice(0, 24));
  }
  for (const wanted of ['New private conversation', 'Messages', 'Message to everyone', 'Members']) assert.ok(stops.has(wanted), `${wanted} in ${[...stops]}`);
  ann.clean();
  bob.clean();
});

test('a screen reader hears what comes in, once and not all of a flood', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await ann.page.evaluate(() => {
    globalThis.heard = [];
    const status = document.querySelector('#app > .unseen[role="status"], .chat ~ [role="status"]');
    new MutationObserver(() => status.textContent && globalThis.heard.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
  });
  for (let number = 1; number <= 12; number += 1) await bob.write(`Flood ${number}`);
  await ann.sees('Flood 12');
  await ann.page.waitForFunction(() => globalThis.heard.some((text) => /new messages? in Sunday walkers|Flood 12/u.test(text)));
  const heard = await ann.page.evaluate(() => globalThis.heard);
  assert.equal(heard[0], `${bob.short()}, Sunday walkers: Flood 1`);
  assert.ok(heard.length <= 5, `${heard.length} announcements of 12 messages: ${heard.join(' | ')}`);
  assert.equal(await ann.page.getByRole('feed').getAttribute('aria-live'), null);
  ann.clean();
  bob.clean();
});

test('on a phone one screen at a time, and Back goes back', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive({ size: 'phone' });
  const line = await ann.makeKey(community.invitation);
  await community.allow(line, 'Ann');
  const { page } = ann;
  await page.getByRole('button', { name: 'Ask now' }).click();
  await page.getByRole('button', { name: /^Everyone/u }).click();
  await ann.write('From my phone.');
  await ann.sees('From my phone.');
  await page.getByRole('button', { name: 'Members' }).click();
  await page.getByRole('heading', { name: 'Members', exact: true }).waitFor();
  assert.equal(await ann.said('From my phone.').count(), 0);
  await page.goBack();
  await ann.sees('From my phone.');
  await page.reload();
  await ann.sees('From my phone.');
  await page.getByRole('button', { name: 'Back to the conversations' }).click();
  await page.getByRole('button', { name: /^Everyone/u }).waitFor();
  assert.equal(page.viewportSize().width, sizes.phone.width);
  // What a finger has to hit is large enough.
  const small = await page.evaluate(() => [...document.querySelectorAll('button')].map((one) => one.getBoundingClientRect()).filter((box) => box.height < 24 || box.width < 24).length);
  assert.equal(small, 0);
  ann.clean();
});

test('over plain http from elsewhere the page says that a community needs TLS', async (context) => {
  const { community } = await gather(context, browser, []);
  const elsewhere = await launch(`--host-resolver-rules=MAP chat.example 127.0.0.1:${new URL(community.origin).port}`);
  context.after(() => elsewhere.close());
  const ann = await Person.arrive(elsewhere, 'http://chat.example');
  // Such a page gets no isolation, and Chromium says so.
  ann.expected.push(/Cross-Origin-Opener-Policy header has been ignored/u);
  await ann.page.goto(`http://chat.example/${new URL(community.invitation).hash}`);
  await ann.page.getByRole('heading', { name: 'This address is not private' }).waitFor();
  await ann.page.getByText('needs TLS from the first day').waitFor();
  await ann.looksRight('no-tls');
  ann.clean();
});

test('a second tab is told that the app is open already', async (context) => {
  const { people: [ann] } = await gather(context, browser, ['Ann']);
  const second = await ann.context.newPage();
  await second.goto(ann.origin);
  await second.getByRole('heading', { name: 'The app is open already' }).waitFor();
  await ann.page.goto('about:blank');
  await second.getByRole('button', { name: 'Try again' }).click();
  await second.getByLabel('Message to everyone').waitFor();
});

test('a clock that is off by an hour is told', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive();
  await ann.page.clock.install({ time: Date.now() - 3_600_000 });
  await ann.join(community, 'Ann');
  await ann.page.getByText('This device’s clock is 60 minutes behind the server’s.').waitFor();
  await ann.page.getByText('Your messages are refused until it is right.').waitFor();
  ann.clean();
});
