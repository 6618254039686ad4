// The committed files in reference/web/dist are those that the sources make.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const builder = fileURLToPath(new URL('../build.js', import.meta.url));

test('what is committed is what `npm run build` makes, byte for byte', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'dispatch-dist-'));
  context.after(() => rm(folder, { recursive: true }));
  await promisify(execFile)(process.execPath, [builder, folder]);
  const names = (await readdir(folder)).sort();
  assert.deepEqual((await readdir(dist)).sort(), names, 'run `npm run build` and commit reference/web/dist');
  for (const name of names) {
    const [made, committed] = await Promise.all([folder, dist].map((place) => readFile(join(place, name))));
    assert.ok(made.equals(committed), `${name} differs: run \`npm run build\` and commit reference/web/dist`);
  }
});

test('the page loads nothing from elsewhere, and holds no script or style of its own', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(page, /https?:|<style|style=|<script(?![^>]* src="\/)|\son\w+=/u);
});
