// A hundred thousand messages in the store: a few dozens of rows in the page, wherever one looks, and no wait for the rest.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { Person, PASSPHRASE, launch } from './browser.js';
import { root } from './community.js';
import { backupOf, pageAt } from './control.js';

const COUNT = Number(process.env.MESSAGES ?? 100_000);
/** What the page may hold at any time: rows, and nodes of all kinds. */
const ROWS = 80;
const NODES = 1500;
/** An origin at which nobody listens: what is in the store is all there is. */
const ORIGIN = 'http://127.0.0.1:9';
let browser;
let ann;

before(async () => {
  browser = await launch('--disable-features=LocalNetworkAccessChecks');
  ann = await Person.arrive(browser, ORIGIN, { serviceWorkers: 'block' });
  ann.expected.push(/Service Worker registration blocked/u, /ERR_/u, /WebSocket connection/u);
  const page = fileOf('test/long-history.page.js');
  const bundle = await build({ entryPoints: [page], bundle: true, write: false, format: 'esm', external: ['ws'] });
  await ann.context.route(`${ORIGIN}/fill`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>fill</title><script type="module" src="/fill.js"></script>' }));
  await ann.context.route(`${ORIGIN}/fill.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: bundle.outputFiles[0].text }));
  await pageAt(ann.context, ORIGIN);
  await ann.page.goto(`${ORIGIN}/fill`);
  await ann.page.waitForFunction(() => 'fill' in globalThis);
  const accounts = JSON.parse(await readFile(join(root, 'vectors', 'keys', 'accounts.json'), 'utf8'));
  const about = { backup: await backupOf('m01'), passphrase: PASSPHRASE, accounts, count: COUNT, begin: Date.now() - (COUNT + 10) * 60_000 };
  await ann.page.evaluate((told) => globalThis.fill(told), about);
  // The page that filled it goes, and with it what it took for good.
  await ann.page.goto(`${ORIGIN}/`);
});

after(async () => {
  await ann?.leave();
  await browser?.close();
});

test('the newest messages are there, and little else', async () => {
  await ann.sees(wordsOf(COUNT - 1));
  const state = await held();
  assert.equal(state.last, COUNT - 1);
  assert.equal(state.setSize, COUNT);
  assert.ok(state.height > 40 * COUNT, 'the scroll bar speaks of the whole history');
  // Of the store no more was read than what is shown and a little around it.
  assert.ok(state.rows >= 5);
});

test('from end to end by the keyboard', async () => {
  const { page } = ann;
  await page.getByRole('feed').focus();
  await page.keyboard.press('Home');
  await ann.sees(wordsOf(0));
  await page.waitForFunction(() => document.activeElement?.dataset.number === '0');
  await held();
  for (let times = 0; times < 40; times += 1) await page.keyboard.press('ArrowDown');
  await page.waitForFunction(() => document.activeElement?.dataset.number === '40');
  assert.ok(await inView(40), 'what has the keyboard is in view');
  await held();
  await page.keyboard.press('End');
  await page.waitForFunction((last) => document.activeElement?.dataset.number === last, String(COUNT - 1));
  assert.ok(await inView(COUNT - 1));
  await held();
});

test('anywhere by the scroll bar, and what is looked at stays where it is while rows are measured', async () => {
  const { page } = ann;
  for (const part of [0.5, 0.1, 0.9, 0.333]) {
    await page.getByRole('feed').evaluate((list, to) => { list.scrollTop = list.scrollHeight * to; }, part);
    await page.waitForFunction(({ wanted, count }) => {
      const list = document.querySelector('.list');
      const top = list.getBoundingClientRect().top;
      const row = [...document.querySelectorAll('[data-number]')].find((one) => one.getBoundingClientRect().bottom > top);
      return list.getAttribute('aria-busy') !== 'true' && row && Math.abs(Number(row.dataset.number) / count - wanted) < 0.05;
    }, { wanted: part, count: COUNT });
    await held();
    // A step up by less than a row (the lowest have 39 pixels) shows the row before, and no jump.
    const before = await settled();
    await page.getByRole('feed').evaluate((list) => { list.scrollTop -= 24; });
    const now = await settled();
    assert.ok(before.number - now.number >= 0 && before.number - now.number <= 1, `from ${before.number} to ${now.number}`);
  }
  await page.getByRole('button', { name: 'To the newest message' }).click();
  await ann.sees(wordsOf(COUNT - 1));
});

test('a reload shows the end again, and everything said is text in its row', async () => {
  await ann.page.reload();
  await ann.sees(wordsOf(COUNT - 1));
  await held();
  ann.clean();
});

/** What stands in the page, held against what may. */
async function held() {
  const state = await ann.page.evaluate(() => {
    const rows = [...document.querySelectorAll('[data-number]')];
    return {
      rows: rows.length, nodes: document.querySelectorAll('*').length,
      first: Number(rows[0]?.dataset.number), last: Number(rows.at(-1)?.dataset.number),
      setSize: Number(rows[0]?.getAttribute('aria-setsize')), height: document.querySelector('.list').scrollHeight,
    };
  });
  assert.ok(state.rows > 0 && state.rows <= ROWS, `${state.rows} rows`);
  assert.ok(state.nodes <= NODES, `${state.nodes} nodes`);
  return state;
}

/** After what a scroll brings about was drawn, and read. */
async function drawn() {
  await ann.page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
  await ann.page.waitForFunction(() => document.querySelector('.list').getAttribute('aria-busy') !== 'true');
}

function inView(number) {
  return ann.page.evaluate((wanted) => {
    const row = document.querySelector(`[data-number="${wanted}"]`).getBoundingClientRect();
    const list = document.querySelector('.list').getBoundingClientRect();
    return row.bottom > list.top && row.top < list.bottom;
  }, number);
}

/** The row that is seen first, once drawing brings no other: rows are measured one drawing after the other. */
async function settled() {
  for (let before = null; ;) {
    await drawn();
    const now = await firstSeen();
    if (before?.number === now.number && before.top === now.top) return now;
    before = now;
  }
}

function firstSeen() {
  return ann.page.evaluate(() => {
    const top = document.querySelector('.list').getBoundingClientRect().top;
    const row = [...document.querySelectorAll('[data-number]')].find((one) => one.getBoundingClientRect().bottom > top);
    return { number: Number(row.dataset.number), top: row.getBoundingClientRect().top };
  });
}

function wordsOf(number) {
  const much = number % 7 === 0 ? ' and it goes on and on, over several lines, as people do when they have something on their mind that wants telling'.repeat(2) : '';
  return `Message ${number}${much}`;
}

function fileOf(path) {
  return new URL(`../${path}`, import.meta.url).pathname;
}
