/** The book as its readers see it: `cargo book` has built it into target/book before. With SHOTS=FOLDER it keeps pictures. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const book = fileURLToPath(new URL('../../../target/book/html/', import.meta.url));
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
/** One of each kind of page. */
const kinds = ['index', 'one-page', 'join', 'conversation', 'security', 'requirements/JOIN-4', 'requirements/index', 'model/symbolic/index'];
const chapters = (await readdir(book, { recursive: true })).filter((file) => file.endsWith('.html') && !/^(requirements|toc|404)/.test(file)).map((file) => file.slice(0, -5));
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
});

after(() => browser?.close());

/** A page whose requests to anywhere but the book's own files, and whose faults, are kept. */
async function watched(options) {
  const page = await browser.newPage(options);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('requestfailed', (request) => {
    // One that is given up, since the next page is opened, has not failed.
    const { errorText } = request.failure();
    if (errorText !== 'net::ERR_ABORTED') faults.push(`${errorText}: ${request.url()}`);
  });
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) faults.push(`asks the network: ${request.url()}`);
  });
  return { page, faults };
}

const address = (name) => pathToFileURL(join(book, `${name}.html`)).href;

test('every page opens without a network and without a fault', async () => {
  const files = (await readdir(book, { recursive: true })).filter((file) => file.endsWith('.html') && !/^(toc|404)/.test(file));
  assert.ok(files.length > 250, `${files.length} pages`);
  const { page, faults } = await watched({ viewport: sizes.wide });
  for (const file of files) {
    await page.goto(pathToFileURL(join(book, file)).href);
    const title = await page.locator('main h1').first().innerText();
    assert.ok(title.length > 0, `${file} has no title`);
    assert.deepEqual(faults, [], file);
  }
  await page.close();
});

test('every diagram is drawn, and none of its words lies over another', async () => {
  const { page } = await watched({ viewport: sizes.wide });
  let diagrams = 0;
  for (const name of ['one-page', 'join', 'chain', 'encryption']) {
    await page.goto(address(name));
    for (const figure of await page.locator('figure.diagram').all()) {
      diagrams += 1;
      assert.ok(await figure.isVisible());
      assert.ok(await figure.locator('svg[role=img]').getAttribute('aria-label'));
      const over = await figure.evaluate((element) => {
        const words = [...element.querySelectorAll('svg text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
        const svg = element.querySelector('svg').getBoundingClientRect();
        const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 3 || b.bottom <= a.top + 3;
        const both = words.flatMap(([text, box], place) => words.slice(place + 1).filter(([, other]) => !apart(box, other)).map(([other]) => `${text} / ${other}`));
        const outside = words.filter(([, box]) => box.left < svg.left - 1 || box.right > svg.right + 1).map(([text]) => `${text} is cut off`);
        return [...both, ...outside];
      });
      assert.deepEqual(over, [], name);
    }
  }
  assert.ok(diagrams >= 8, `${diagrams} diagrams`);
  await page.close();
});

test('a page of each kind can be read by everyone, light or dark, wide or on a phone', async () => {
  const all = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(sizes)) {
      const { page, faults } = await watched({ viewport, colorScheme });
      for (const name of size === 'wide' && colorScheme === 'light' ? [...new Set([...kinds, ...chapters])] : kinds) {
        await page.goto(address(name));
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wider <= 1, `${name} (${size}): ${wider} pixels wider than the window`);
        await page.evaluate(axe);
        // What mdBook itself draws around the text is not ours, nor are its colours of code.
        const { violations } = await page.evaluate(() => globalThis.axe.run({ include: ['main'], exclude: ['pre code'] }, { preload: false }));
        all.push(...violations.map(({ id, nodes }) => `${name} (${size}, ${colorScheme}): ${id}: ${nodes[0].html} (${nodes[0].failureSummary})`));
        if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name.replaceAll('/', '-')}-${size}-${colorScheme}.png`), fullPage: true });
      }
      assert.deepEqual(faults, []);
      await page.close();
    }
  }
  assert.deepEqual(all, []);
});

test('a requirement is reached from the prose that speaks of it, and leads back', async () => {
  const { page } = await watched({ viewport: sizes.wide });
  await page.goto(address('security'));
  await page.locator('main a', { hasText: /^JOIN-11$/ }).first().click();
  assert.match(page.url(), /requirements\/JOIN-11\.html$/);
  const text = await page.locator('main').innerText();
  for (const part of ['bad_proof', 'What decides it', 'What proves that it can fail', 'Where the reference keeps it', 'reference/protocol/src']) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
  await page.locator('main a', { hasText: 'Join and session' }).first().click();
  assert.match(page.url(), /join\.html#JOIN-11$/);
  await page.locator('#JOIN-11').waitFor({ state: 'attached' });
  await page.close();
});

test('the search finds a word in every part of the book', async () => {
  const { page, faults } = await watched({ viewport: sizes.wide });
  await page.goto(address('index'));
  await page.keyboard.press('s');
  await page.locator('#mdbook-searchbar, #searchbar').first().pressSequentially('stale epoch');
  await page.locator('#mdbook-searchresults li, #searchresults li').first().waitFor();
  const found = await page.locator('#mdbook-searchresults, #searchresults').first().innerText();
  assert.match(found, /stale/i);
  assert.deepEqual(faults, []);
  await page.close();
});
