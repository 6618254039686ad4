import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { openSshLine } from '../src/openssh.js';

const keys = new URL('../../../../vectors/keys/', import.meta.url);
const run = promisify(execFile);

/** The modulus and exponent in a line, read by hand as RFC 4253, section 6.6 has them. */
function numbers(line) {
  let bytes = Buffer.from(line.split(' ')[1], 'base64');
  const fields = [];
  while (bytes.length > 0) {
    const length = bytes.readUInt32BE(0);
    fields.push(bytes.subarray(4, 4 + length));
    bytes = bytes.subarray(4 + length);
  }
  const [kind, exponent, modulus] = fields;
  assert.equal(fields.length, 3);
  assert.equal(kind.toString(), 'ssh-rsa');
  const plain = (number) => Buffer.from(number[0] === 0 ? number.subarray(1) : number).toString('base64url');
  return { e: plain(exponent), n: plain(modulus), signed: modulus[0] < 0x80 };
}

test('a key’s line holds just its numbers', async () => {
  const names = (await readdir(keys)).filter((name) => name.endsWith('.test-key.pem'));
  assert.ok(names.length > 3);
  for (const name of names) {
    const key = createPublicKey(await readFile(new URL(name, keys)));
    const { e, n } = key.export({ format: 'jwk' });
    const line = openSshLine(new Uint8Array(key.export({ format: 'der', type: 'spki' })), 'me');
    assert.deepEqual(numbers(line), { e, n, signed: true }, name);
    assert.match(line, /^ssh-rsa \S+ me$/u);
  }
});

test('a comment is one line', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const der = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }));
  assert.match(openSshLine(der, ' Ann\n Lee '), /^ssh-rsa \S+ Ann Lee$/u);
  assert.match(openSshLine(der), /^ssh-rsa \S+$/u);
});

test('ssh-keygen reads it, where there is one', async (context) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  const line = openSshLine(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), 'me');
  const child = run('ssh-keygen', ['-l', '-f', '-']);
  child.child.stdin?.end(`${line}\n`);
  const told = await child.catch((error) => error);
  if (told.code === 'ENOENT') return context.skip('no ssh-keygen here');
  assert.match(told.stdout, /^3072 SHA256:\S+ me \(RSA\)/u);
});
