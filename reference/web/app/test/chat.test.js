// People chat through the real server, in real Chromium, each in a profile of their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, PASSPHRASE, launch } from './browser.js';
import { gather } from './gathering.js';

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** What a browser says by itself when the network or the server is gone. */
const GONE = [/ERR_INTERNET_DISCONNECTED/u, /ERR_CONNECTION_REFUSED/u, /WebSocket connection to .* failed/u, /ERR_CONNECTION_RESET/u];

test('two people are let in, talk, and see how far their words have come', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await ann.write('Hello, Bob.');
  await bob.sees('Hello, Bob.');
  await bob.write('Hello, Ann.');
  await ann.sees('Hello, Ann.');
  await ann.said('Hello, Bob.').locator('.sign.checkpointed').waitFor();
  await ann.page.reload();
  await ann.sees('Hello, Ann.');
  await ann.sees('Hello, Bob.');
  assert.equal(await ann.page.locator('[data-number]').count(), 2, 'nothing is there twice');
  ann.clean();
  bob.clean();
});

test('whoever waits at the door is let in without a click', async (context) => {
  const { community, arrive } = await gather(context, browser, []);
  const ann = await arrive();
  await ann.page.clock.install();
  const line = await ann.makeKey(community.invitation);
  await ann.page.getByText('Not on the list yet').waitFor();
  await community.allow(line, 'Ann');
  // The page asks again within a minute: for the page it passes at once.
  await ann.page.clock.fastForward(61_000);
  await ann.page.getByLabel('Message to everyone').waitFor();
  ann.clean();
});

test('what is written offline is kept over a reload, and sent once when the network is back', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  for (const one of [ann, bob]) one.expected.push(...GONE);
  await ann.write('Before.');
  await bob.sees('Before.');
  await ann.page.evaluate(() => navigator.serviceWorker.ready);
  await ann.context.setOffline(true);
  await ann.page.evaluate(() => dispatchEvent(new Event('offline')));
  await ann.write('From the tunnel.');
  await ann.said('From the tunnel.').locator('.sign.waiting, .sign.pending').waitFor();
  await ann.page.reload();
  await ann.sees('Before.');
  await ann.sees('From the tunnel.');
  await ann.page.getByText('You are offline.').first().waitFor();
  await ann.context.setOffline(false);
  await bob.sees('From the tunnel.');
  await ann.said('From the tunnel.').locator('.sign.checkpointed').waitFor();
  assert.equal(await bob.said('From the tunnel.').count(), 1);
  assert.equal(await ann.said('From the tunnel.').count(), 1);
  ann.clean();
  bob.clean();
});

test('a server that was killed and comes back gets what was written meanwhile, once', async (context) => {
  const { community, people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  for (const one of [ann, bob]) one.expected.push(...GONE);
  await ann.write('Before.');
  await bob.sees('Before.');
  await community.stop('SIGKILL');
  await ann.page.getByText('The server cannot be reached.').first().waitFor();
  await ann.write('Is anybody there?');
  await bob.page.getByText('The server cannot be reached.').first().waitFor();
  await bob.write('Only us.');
  await community.serve();
  await bob.sees('Is anybody there?');
  await ann.sees('Only us.');
  for (const one of [ann, bob]) {
    for (const text of ['Is anybody there?', 'Only us.']) assert.equal(await one.said(text).count(), 1, text);
    await one.page.getByText('The server cannot be reached.').first().waitFor({ state: 'detached' });
    one.clean();
  }
});

test('who was removed reads on what they had, and nothing that follows', async (context) => {
  const { community, people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await bob.write('While I was here.');
  await ann.sees('While I was here.');
  await community.deny(bob.account);
  await bob.page.getByText('You are no longer a member').first().waitFor();
  await ann.page.getByText('was removed by the owner').waitFor();
  await ann.write('Without Bob.');
  await ann.said('Without Bob.').locator('.sign.checkpointed').waitFor();
  await bob.page.reload();
  await bob.sees('While I was here.');
  await bob.page.getByText('You are no longer a member').first().waitFor();
  assert.equal(await bob.page.getByRole('textbox', { name: /^Message to/u }).count(), 0);
  assert.equal(await bob.said('Without Bob.').count(), 0);
  assert.ok(!(await stored(bob)).includes('Without Bob.'));
  ann.clean();
  bob.clean();
});

test('a late joiner verifies all, reads what follows, and the past once somebody shares it', async (context) => {
  const { community, people: [ann], arrive } = await gather(context, browser, ['Ann']);
  await ann.write('Before Cem came.');
  await ann.said('Before Cem came.').locator('.sign.checkpointed').waitFor();
  const cem = await arrive();
  await cem.join(community, 'Cem');
  await cem.page.locator('.closed', { hasText: 'Written before you could read this conversation' }).waitFor();
  await ann.page.getByText(/was added by the owner/u).first().waitFor();
  await ann.write('Welcome, Cem.');
  await cem.sees('Welcome, Cem.');
  await ann.page.getByRole('button', { name: 'Members' }).click();
  await ann.page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: cem.short() }).click();
  await ann.page.getByRole('button', { name: 'Let them read the past' }).click();
  await ann.page.getByText('They can now read').waitFor();
  await cem.sees('Before Cem came.');
  ann.clean();
  cem.clean();
});

test('a private conversation is read by its members alone', async (context) => {
  const { people: [ann, bob, cem] } = await gather(context, browser, ['Ann', 'Bob', 'Cem']);
  await ann.call(bob, 'Bob');
  await ann.page.getByRole('button', { name: 'New private conversation' }).click();
  await ann.page.getByRole('checkbox', { name: 'Bob' }).check();
  await ann.page.getByRole('button', { name: 'Begin' }).click();
  await ann.page.getByText('Private: 2 members can read this').waitFor();
  await ann.write('A surprise for Cem.');
  const entry = bob.page.getByRole('button', { name: /^Private\.|A surprise/u }).filter({ hasText: 'A surprise for Cem.' });
  await entry.click();
  await bob.sees('A surprise for Cem.');
  await bob.write('I bake.');
  await ann.sees('I bake.');
  await ann.page.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: /^Everyone/u }).click();
  await ann.write('To all.');
  await cem.sees('To all.');
  assert.ok(!(await stored(cem)).includes('surprise'), 'nothing of it is on Cem’s device');
  assert.equal(await cem.page.getByText('A surprise for Cem.').count(), 0);
  for (const one of [ann, bob, cem]) one.clean();
});

test('unread messages are counted, and a line shows where they begin', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob', 'Cem']);
  await bob.write('First.');
  await ann.sees('First.');
  // Ann looks at a conversation of her own while Bob goes on.
  await ann.page.getByRole('button', { name: 'New private conversation' }).click();
  await ann.page.getByRole('checkbox', { name: bob.short() }).check();
  await ann.page.getByRole('button', { name: 'Begin' }).click();
  await ann.page.getByText('Nothing was said here yet.').waitFor();
  await bob.write('Second.');
  await bob.write('Third.');
  await ann.page.getByText('2 unread messages').waitFor();
  await assert.doesNotReject(ann.page.waitForFunction(() => document.title === '(2) Sunday walkers'));
  await ann.page.getByRole('navigation', { name: 'Conversations' }).getByRole('button', { name: /^Everyone/u }).click();
  await ann.sees('Third.');
  const row = ann.said('Second.');
  await row.getByText('New messages').waitFor();
  await ann.page.getByText('2 unread messages').waitFor({ state: 'detached' });
  await ann.page.reload();
  await ann.sees('Third.');
  assert.equal(await ann.page.getByText('New messages').count(), 0);
  ann.clean();
  bob.clean();
});

test('one’s own message can be removed, and is gone for everybody', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await ann.call(bob, 'Bob');
  await bob.write('My door code is 4711.');
  await ann.sees('My door code is 4711.');
  await bob.act('My door code is 4711.');
  await bob.page.getByRole('button', { name: 'Remove for everyone…' }).click();
  await bob.page.getByLabel('A reason, if you like').fill('not for here');
  await bob.page.getByRole('button', { name: 'Remove', exact: true }).click();
  await ann.page.locator('.closed', { hasText: 'Removed by Bob: “not for here”' }).waitFor();
  await bob.page.locator('.closed', { hasText: 'Removed by you: “not for here”' }).waitFor();
  await ann.page.reload();
  await ann.page.locator('.closed', { hasText: 'Removed by Bob: “not for here”' }).waitFor();
  // Somebody else's message cannot be removed.
  await ann.write('Mine.');
  await bob.act('Mine.');
  await bob.page.getByRole('dialog').getByText('On the chain').waitFor();
  assert.equal(await bob.page.getByRole('button', { name: 'Remove for everyone…' }).count(), 0);
  ann.clean();
  bob.clean();
});

test('an answer shows what it answers, and leads there', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await bob.write('Who has the key?');
  await ann.act('Who has the key?');
  await ann.page.getByRole('button', { name: 'Reply' }).click();
  await ann.write('I have.');
  const quote = bob.said('I have.').locator('.quote');
  await quote.getByText('Who has the key?').waitFor();
  await quote.click();
  await bob.page.waitForFunction(() => document.activeElement?.textContent.includes('Who has the key?'));
  // What is removed is not quoted any longer.
  await bob.act('Who has the key?');
  await bob.page.getByRole('button', { name: 'Remove for everyone…' }).click();
  await bob.page.getByRole('button', { name: 'Remove', exact: true }).click();
  for (const one of [ann, bob]) {
    await one.said('I have.').locator('.quote').getByText('Removed').waitFor();
    await one.page.getByText('Who has the key?').waitFor({ state: 'detached' });
  }
  ann.clean();
  bob.clean();
});

test('words are text: nothing in them is fetched, run or drawn', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  const words = '<img src=x onerror="alert(1)"> https://example.org/a.png ![x](https://example.org/b.png) javascript:alert(1)';
  await ann.write(words);
  await bob.sees(words);
  assert.equal(await bob.page.locator('.words a, .words img, .words iframe').count(), 0);
  ann.clean();
  bob.clean();
});

test('a backup brings a member back on another device, names and all', async (context) => {
  const { people: [ann, bob], arrive, community } = await gather(context, browser, ['Ann', 'Bob']);
  await ann.call(bob, 'Bob');
  await bob.write('Remember me.');
  await ann.sees('Remember me.');
  await ann.page.locator('.own').click();
  await ann.page.getByText('but not all communities and names').waitFor();
  await ann.page.getByLabel('Make it anew, with all that you have now').fill(PASSPHRASE);
  const backup = await ann.download(() => ann.page.getByRole('button', { name: 'Make it anew' }).click());
  await ann.page.getByText('It holds your key, your communities and the names that you gave.').waitFor();

  const other = await arrive();
  await other.page.goto(community.origin);
  await other.page.getByRole('button', { name: 'Restore a backup' }).click();
  await other.page.getByLabel('The backup file').setInputFiles({ name: 'b.json', mimeType: 'application/json', buffer: Buffer.from(backup) });
  await other.page.getByLabel('Its passphrase').fill('not this one');
  await other.page.getByRole('button', { name: 'Restore' }).click();
  await other.page.getByText('This passphrase does not open the backup.').waitFor();
  await other.page.getByLabel('Its passphrase').fill(PASSPHRASE);
  await other.page.getByRole('button', { name: 'Restore' }).click();
  await other.sees('Remember me.');
  await other.said('Remember me.').getByRole('button', { name: 'Bob' }).waitFor();
  await other.write('From my other device.');
  await bob.sees('From my other device.');
  for (const one of [ann, bob, other]) one.clean();
});

/** All texts that a page's store holds, wherever. */
function stored(person) {
  return person.page.evaluate(async () => {
    const texts = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve, reject) => {
        const opening = indexedDB.open(name);
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = () => reject(opening.error);
      });
      for (const table of database.objectStoreNames) {
        const all = await new Promise((resolve, reject) => {
          const asking = database.transaction(table).objectStore(table).getAll();
          asking.onsuccess = () => resolve(asking.result);
          asking.onerror = () => reject(asking.error);
        });
        texts.push(JSON.stringify(all));
      }
      database.close();
    }
    return texts.join('\n');
  });
}
