// Builds the app into reference/web/dist, whose files dispatchd carries. `node build.js FOLDER` builds to elsewhere.
// What it writes depends on the sources and the lock files alone, so that a test can hold the committed files against it.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2] ?? join(here, '..', 'dist');

const options = {
  absWorkingDir: here,
  outdir: folder,
  write: false,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome120', 'firefox128', 'safari17'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  external: ['ws'],
  nodePaths: [join(here, 'node_modules')],
};
// The page names the worker that reads for it, so that one's name is made first.
const worker = await build({ ...options, entryPoints: ['../src/worker.js'], entryNames: 'reader-[hash]' });
const reader = `/${basename(worker.outputFiles[0].path)}`;
const define = { READER: JSON.stringify(reader) };
const page = await build({ ...options, entryPoints: ['src/main.jsx', 'src/style.css'], entryNames: 'app-[hash]', define });

/** A name that changes with what is in the file, in the letters that esbuild takes. */
function hashed(name, bytes) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const hash = Array.from(createHash('sha256').update(bytes).digest().subarray(0, 8), (byte) => letters[byte & 31]).join('');
  return `${basename(name, extname(name))}-${hash}${extname(name)}`;
}

const files = new Map([...page.outputFiles, ...worker.outputFiles].map((file) => [basename(file.path), file.contents]));
const named = { script: nameOf(/^app-.*\.js$/u), style: nameOf(/\.css$/u), reader: nameOf(/^reader-/u) };
for (const [part, source] of [['icon', 'icon.svg'], ['manifest', 'dispatch-d.webmanifest']]) {
  const text = fill(await readFile(join(here, 'src', source), 'utf8'));
  named[part] = hashed(source, text);
  files.set(named[part], text);
}
files.set('index.html', fill(await readFile(join(here, 'src', 'index.html'), 'utf8')));
// The worker keeps the page for when there is no network. Its text changes with each file's name, so browsers take the new one.
files.set('worker.js', fill(await readFile(join(here, 'src', 'worker.js'), 'utf8')));
files.set('licences.txt', await licences());

await mkdir(folder, { recursive: true });
for (const old of await readdir(folder)) await rm(join(folder, old));
for (const [name, bytes] of files) await writeFile(join(folder, name), bytes);
for (const [name, bytes] of [...files].sort()) console.log(String(bytes.length).padStart(8), name);

function nameOf(pattern) {
  return [...files.keys()].find((name) => pattern.test(name));
}

/** `{{script}}` and the like in a text. */
function fill(text) {
  return text.replace(/\{\{(\w+)\}\}/gu, (_, part) => `/${named[part]}`);
}

/** What the licences of the parts in the bundle ask to be handed on with it. */
async function licences() {
  const inputs = Object.keys((await build({
    absWorkingDir: here, entryPoints: ['src/main.jsx'], bundle: true, write: false, metafile: true, format: 'esm',
    jsx: 'automatic', jsxImportSource: 'preact', external: ['ws'], nodePaths: [join(here, 'node_modules')], define,
  })).metafile.inputs);
  const packages = new Set(inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(path)?.[1]).filter(Boolean));
  const texts = ['The chat app of dispatch-d holds these parts by others:'];
  for (const path of [...packages].sort((one, two) => (basename(one) < basename(two) ? -1 : 1))) {
    const about = JSON.parse(await readFile(join(here, path, 'package.json'), 'utf8'));
    const licence = (await readdir(join(here, path))).find((name) => /^licen[cs]e/iu.test(name));
    const text = licence ? await readFile(join(here, path, licence), 'utf8') : about.license;
    texts.push(`${about.name} ${about.version} (${about.license})\n\n${text.trim()}`);
  }
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
