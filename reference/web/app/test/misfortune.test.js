// A full disk, a damaged store: a sentence that says what to do, and nothing lost.
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

test('without room on the device the words come back into the field, and are sent once there is room', async (context) => {
  const { people: [ann, bob] } = await gather(context, browser, ['Ann', 'Bob']);
  await ann.write('There is room.');
  await bob.sees('There is room.');
  await disk(ann, 'full');
  const words = 'x'.repeat(20_000);
  await ann.write(words);
  await ann.page.getByText('This device has no room left').first().waitFor();
  assert.equal(await ann.page.getByRole('textbox', { name: /^Message to/u }).inputValue(), words);
  assert.equal(await bob.said(words).count(), 0);
  await bob.write('Can you hear me?');
  await ann.page.getByRole('button', { name: 'Try again' }).waitFor();
  await disk(ann, 'free');
  await ann.page.getByRole('button', { name: 'Try again' }).click();
  await ann.sees('Can you hear me?');
  await ann.page.getByRole('button', { name: 'Send' }).click();
  await bob.page.locator('.words', { hasText: 'xxxx' }).waitFor();
  await ann.page.reload();
  await ann.sees('There is room.');
  ann.clean();
  bob.clean();
});

/** From now on the browser takes nothing more into its store, as when the disk is full; or it does again. */
function disk(person, state) {
  return person.page.evaluate((now) => {
    const { prototype } = IDBObjectStore;
    globalThis.putBefore ??= prototype.put;
    prototype.put = now === 'free' ? globalThis.putBefore : () => { throw new DOMException('The disk is full.', 'QuotaExceededError'); };
  }, state);
}

test('a damaged history is said, fetched and verified again; the key stays', async (context) => {
  const { people: [ann, bob], community } = await gather(context, browser, ['Ann', 'Bob']);
  await bob.write('Keep this.');
  await ann.sees('Keep this.');
  await ann.context.route(`${community.origin}/blank`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>blank</title>' }));
  await ann.page.goto(`${community.origin}/blank`);
  const changed = await ann.page.evaluate(async () => {
    const [{ name }] = await indexedDB.databases();
    const asked = (request) => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const database = await asked(indexedDB.open(name));
    const blocks = database.transaction('blocks', 'readwrite').objectStore('blocks');
    const keys = await asked(blocks.getAllKeys());
    // Somebody's block is another one now.
    const value = await asked(blocks.get(keys[2]));
    value.block.time += 1;
    await asked(blocks.put(value, keys[2]));
    database.close();
    return keys.length;
  });
  assert.ok(changed > 3);
  await ann.page.goto(community.origin);
  await ann.sees('Keep this.');
  await ann.write('Still me.');
  await bob.sees('Still me.');
  assert.equal(await ann.page.getByRole('alert', { name: 'Warning' }).count(), 0, 'it is nobody’s fault but the disk’s');
  ann.clean();
  bob.clean();
});
