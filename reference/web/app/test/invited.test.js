// A link asks before it joins: any page can hold one. What is not verified is not where one begins.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.js';
import { gather } from './gathering.js';

let browser;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

/** A community that nobody founded: what a link may name. */
const STRANGE = 'A'.repeat(43);

test('a link joins nothing before the person said yes, and leads nowhere after they said no', async (context) => {
  const { community, people: [ann] } = await gather(context, browser, ['Ann']);
  const { page } = ann;
  await ann.write('At home.');
  await ann.sees('At home.');
  // While the page is open, and as the link with which it opens.
  for (const open of [() => page.evaluate((id) => { location.hash = `#dispatch-d/1/${id}`; }, STRANGE), () => page.reload()]) {
    await open();
    await page.getByRole('heading', { name: 'Join this community?' }).waitFor();
    assert.deepEqual(await joined(ann), [community.id]);
  }
  await page.getByText(community.origin, { exact: true }).waitFor();
  await ann.looksRight('invited');
  await ann.say('Not now');
  await ann.sees('At home.');
  assert.equal(new URL(page.url()).hash, '');
  await page.reload();
  await ann.sees('At home.');
  assert.deepEqual(await joined(ann), [community.id]);
  ann.clean();
});

test('where one begins is where block 0 was verified, whatever was joined since', async (context) => {
  const { community, people: [ann] } = await gather(context, browser, ['Ann']);
  const { page } = ann;
  await ann.write('At home.');
  await ann.sees('At home.');
  await page.goto(`${community.origin}/#dispatch-d/1/${STRANGE}`);
  await ann.say('Join');
  await page.getByRole('heading', { name: 'This is another community' }).waitFor();
  assert.deepEqual((await joined(ann)).sort(), [STRANGE, community.id].sort());
  await page.reload();
  await ann.sees('At home.');
  // The way back there is still known.
  await page.locator('.own').click();
  await page.getByRole('button', { name: `Go to ${STRANGE}` }).click();
  await page.getByRole('heading', { name: 'This is another community' }).waitFor();
  ann.clean();
});

test('the link of where one is already simply leads there', async (context) => {
  const { community, people: [ann] } = await gather(context, browser, ['Ann']);
  await ann.write('At home.');
  await ann.sees('At home.');
  await ann.page.goto(`${community.origin}/`);
  await ann.sees('At home.');
  await ann.page.goto(community.invitation);
  await ann.sees('At home.');
  assert.equal(new URL(ann.page.url()).hash, '');
  ann.clean();
});

/** The ids of the communities that this browser keeps. */
function joined(person) {
  return person.page.evaluate(() => new Promise((resolve, reject) => {
    const opening = indexedDB.open('dispatch-d');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const asking = opening.result.transaction('communities').objectStore('communities').getAllKeys();
      asking.onerror = () => reject(asking.error);
      asking.onsuccess = () => {
        opening.result.close();
        resolve(asking.result.flat());
      };
    };
  }));
}
