// Chromium for tests: each person has a profile of their own, and whatever a page says on its console, asks of another origin or
// is refused by its policy fails the test.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const sizes = { wide: { width: 1280, height: 860 }, phone: { width: 360, height: 740 } };
export const PASSPHRASE = 'four words that nobody guesses';
const SOON = 20_000;

/** `args` are Chromium's own, besides those that every test needs. */
export function launch(...args) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', ...args],
  });
}

/** One person's browser profile and its page. */
export class Person {
  static async arrive(browser, origin, { size = 'wide', colorScheme = 'light', ...options } = {}) {
    const context = await browser.newContext({
      viewport: sizes[size], colorScheme, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'], reducedMotion: 'reduce',
      hasTouch: size === 'phone', ...options,
    });
    context.setDefaultTimeout(SOON);
    const page = await context.newPage();
    return new Person(context, page, origin);
  }

  constructor(context, page, origin) {
    Object.assign(this, { context, page, origin });
    this.faults = [];
    /** What a test brings about on purpose: lines that match are no faults. */
    this.expected = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    context.on('request', (request) => {
      const { origin: asked, protocol } = new URL(request.url());
      if (asked !== origin && !['blob:', 'data:'].includes(protocol)) this.faults.push(`a request to ${request.url()}`);
    });
    page.on('websocket', (socket) => {
      if (new URL(socket.url()).origin.replace('ws', 'http') !== origin) this.faults.push(`a socket to ${socket.url()}`);
    });
  }

  /** Nothing was said, asked or refused that should not have been. */
  clean() {
    assert.deepEqual(this.faults.filter((fault) => !this.expected.some((known) => known.test(fault))), []);
  }

  async leave() {
    await this.context.close();
  }

  /** Opens the invitation, makes a key, and comes to the door. Gives the key line to hand to the owner. */
  async makeKey(invitation, heading = 'Almost there') {
    const { page } = this;
    await page.goto(invitation);
    await page.getByLabel('A passphrase for your backup').fill(PASSPHRASE);
    await page.getByLabel('The passphrase again').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Make my key' }).click();
    this.backup = await this.download(() => page.getByRole('button', { name: 'Save the backup file' }).click());
    await page.getByRole('button', { name: 'Go on' }).click();
    if (heading !== 'The invitation does not work') await this.say('Join');
    await page.getByRole('heading', { name: heading }).waitFor();
    if (heading !== 'Almost there') return null;
    const line = await page.locator('.key').inputValue();
    this.account = line.split(' ')[2];
    return line;
  }

  /** Answers the question whether to join: `Join` or `Not now`. */
  async say(answer) {
    await this.page.getByRole('heading', { name: 'Join this community?' }).waitFor();
    await this.page.getByRole('button', { name: answer, exact: true }).click();
  }

  /** The text of the file that the page saves when `work` is done. */
  async download(work) {
    const download = this.page.waitForEvent('download');
    await work();
    return readFile(await (await download).path(), 'utf8');
  }

  /** How others see this account until they have named it. */
  short() {
    return `${this.account.slice(0, 4)} ${this.account.slice(4, 8)}`;
  }

  /** Gives somebody a name. */
  async call(other, name) {
    const { page } = this;
    await page.getByRole('button', { name: 'Members' }).click();
    await page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: other.short() }).click();
    await page.getByLabel('What you call them').fill(name);
    await page.getByRole('button', { name: 'Keep the name' }).click();
    await page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name }).waitFor();
    await page.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: 'Close' }).click();
  }

  /** Opens what can be done with a message. */
  async act(text) {
    await this.said(text).hover();
    await this.said(text).getByRole('button', { name: 'Message actions' }).click();
  }

  /** Restores a backup on a device that has none. */
  async restore(backup) {
    const { page } = this;
    await page.getByRole('button', { name: 'Restore a backup' }).click();
    await page.getByLabel('The backup file').setInputFiles({ name: 'dispatch-d-backup.json', mimeType: 'application/json', buffer: Buffer.from(backup) });
    await page.getByLabel('Its passphrase').fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Restore' }).click();
  }

  /** Makes a key, is let in, and sees the conversation. */
  async join(community, name) {
    const line = await this.makeKey(community.invitation);
    await community.allow(line, name);
    await this.page.getByRole('button', { name: 'Ask now' }).click();
    await this.page.getByLabel('Message to everyone').waitFor();
  }

  async write(text) {
    await this.page.getByRole('textbox', { name: /^Message to/u }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  /** The row of a message with this text, once it is there. */
  said(text) {
    return this.page.locator('.row', { has: this.page.locator('.words', { hasText: new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')}$`, 'u') }) });
  }

  async sees(text) {
    await this.said(text).waitFor();
  }

  /** Looks at what is shown now as a person with a screen reader, a keyboard or a phone would. */
  async looksRight(name) {
    const { page } = this;
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const [size, viewport] of Object.entries(sizes)) {
        await page.setViewportSize(viewport);
        await settled(page);
        const where = `${name}, ${size}, ${colorScheme}`;
        if (process.env.SCREENSHOTS) {
          await mkdir(process.env.SCREENSHOTS, { recursive: true });
          await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}-${size}-${colorScheme}.png`) });
        }
        await this.#stumbles(where);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(over <= 0, `${where}: ${over} pixels over the edge`);
      }
    }
    await page.setViewportSize(sizes.wide);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  }

  /** What axe-core finds. It is put into the page past the page's own policy, which is for the page and not for the checker. */
  async #stumbles(where) {
    const { page } = this;
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    assert.ok(found.passes.length > 5, `${where}: axe-core looked at the page`);
    const told = found.violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`);
    assert.deepEqual(told, [], where);
  }
}

/** Two frames later: what a change of size or scheme brings about has been drawn. */
function settled(page) {
  return page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
}
