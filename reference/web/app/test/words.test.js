import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence } from '../src/words.js';

test('a code that no sentence is known for is told by its own, whatever its name', () => {
  assert.match(sentence({ code: 'bad_passphrase', message: 'no' }), /passphrase/u);
  for (const code of ['constructor', 'toString', '__proto__', 'of_tomorrow']) {
    assert.equal(sentence({ code, message: 'The server said so.' }), 'The server said so.');
  }
});
