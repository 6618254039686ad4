import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { folder, suite, withFaults } from './suite.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
let browser;
let files;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking'],
  });
  files = await folder();
});

after(async () => {
  await browser?.close();
  await files?.remove();
});

test('a passing run makes a page that everyone can read', async () => {
  const path = join(files.path, 'passing.html');
  const { code, text } = await suite('run', 'JOIN', 'disc-sse-is-there', '--report', `html=${path}`);
  assert.equal(code, 0, text);
  await looksRight('passing', path, async (page) => {
    assert.match(await page.locator('.banner').innerText(), /^Conformant/);
    assert.equal(await page.locator('article').count(), 0);
  });
});

test('a failing run makes a page that tells each failure whole', async () => {
  const path = join(files.path, 'failing.html');
  await withFaults(['JOIN-4'], async (url) => {
    const { code, text } = await suite('run', url, 'JOIN', 'SESS', '--report', `html=${path}`);
    assert.equal(code, 1, text);
  });
  await looksRight('failing', path, async (page) => {
    assert.match(await page.locator('.banner').innerText(), /^Not conformant/);
    const failure = page.locator('#case-join-version');
    const told = await failure.innerText();
    for (const part of ['JOIN-4', 'Expected', 'Came', 'Why it matters', 'Timeline', 'unknown_version', 'dispatch-conformance run', 'join-version']) {
      assert.ok(told.includes(part), `${part} in ${told}`);
    }
    assert.ok(await page.locator('#requirement-JOIN-4').isVisible(), 'a broken chapter stands open');
  });
});

test('runs side by side make a page that shows where they differ', async () => {
  const right = join(files.path, 'right.json');
  const wrong = join(files.path, 'wrong.bundle');
  const path = join(files.path, 'matrix.html');
  assert.equal((await suite('run', 'DISC', 'SUB', '--report', `json=${right}`)).code, 0);
  await withFaults(['SUB-3'], async (url) => {
    const { code, text } = await suite('run', url, 'DISC', 'SUB', '--timeout', '1', '--report', `bundle=${wrong}`);
    assert.equal(code, 1, text);
  });
  const { code, text } = await suite('matrix', `The reference=${right}`, wrong, '--to', path);
  assert.equal(code, 0, text);
  await looksRight('matrix', path, async (page) => {
    const told = await page.locator('#differences').innerText();
    for (const part of ['The reference', 'wrong', 'sub-receipt', 'PASS', 'FAIL']) {
      assert.ok(told.includes(part), `${part} in ${told}`);
    }
  });
});

test('the kill matrix makes a page in which a fault and a case can be found', async () => {
  const path = join(files.path, 'teeth.html');
  const { code, text } = await suite('selftest', 'JOIN-4', 'WS-4', 'null/refuses', '--html', path);
  assert.equal(code, 0, text);
  await looksRight('teeth', path, async (page) => {
    await page.getByLabel('Find').fill('join-version');
    const rows = page.locator('tr[data-row]:visible');
    assert.deepEqual(await rows.evaluateAll((all) => all.filter((row) => !row.textContent.includes('join-version'))), []);
    assert.ok(await page.locator('#case-join-version').isVisible());
    assert.ok(await page.locator('#fault-WS-4').isHidden());
    assert.match(await page.getByRole('status').innerText(), /^\d+ of \d+ rows$/);
    await page.getByLabel('Find').fill('');
    assert.ok(await page.locator('#fault-WS-4').isVisible());
  });
});

/** Looks at a page in each size and scheme; `looks` sees it as well. */
async function looksRight(name, path, looks) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(sizes)) {
      // The checker is not of the page, so the page's policy does not hold for it.
      const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const loaded = [];
      const errors = [];
      page.on('request', (request) => loaded.push(request.url()));
      page.on('console', (message) => errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      const url = pathToFileURL(path).href;
      await page.goto(url);
      assert.deepEqual(loaded, [url], 'a page is one file');
      const where = `${name}, ${size}, ${colorScheme}`;
      if (process.env.SCREENSHOTS) {
        await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      }
      await stumbles(page, where);
      await keyboard(page, where);
      await looks(page);
      await page.evaluate(() => document.querySelectorAll('details').forEach((part) => { part.open = true; }));
      await stumbles(page, `${where}, opened`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${where}: ${over} pixels over the edge`);
      assert.deepEqual(errors, [], where);
      await context.close();
    }
  }
}

/** What axe-core finds. */
async function stumbles(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const told = found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes[0].html}`);
  assert.ok(found.passes.length > 5, 'axe-core looked at the page');
  assert.deepEqual(told, [], where);
}

/** The first stop of a keyboard is the way past the head, and it can be seen. */
async function keyboard(page, where) {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.keyboard.press('Tab');
  const stop = await page.evaluate(() => {
    const box = document.activeElement.getBoundingClientRect();
    return { text: document.activeElement.textContent, seen: box.left >= 0 && box.top >= 0 && box.width > 0 };
  });
  assert.deepEqual(stop, { text: 'Skip to the results', seen: true }, where);
}
