import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Announcer } from '../src/announcer.js';

function spoken() {
  const said = [];
  const later = [];
  const announcer = new Announcer((text) => said.push(text), { later: (work) => later.push(work) });
  return { announcer, said, pass: () => later.splice(0).forEach((work) => work()) };
}

test('one message is read out at once', () => {
  const { announcer, said } = spoken();
  announcer.message('Ann', 'Everyone', 'hello');
  assert.deepEqual(said, ['Ann, Everyone: hello']);
});

test('many in a row are counted, and a screen reader is not flooded', () => {
  const { announcer, said, pass } = spoken();
  for (let number = 0; number < 1000; number += 1) announcer.message('Ann', number % 2 ? 'Everyone' : 'Bob', `${number}`);
  assert.deepEqual(said, ['Ann, Bob: 0']);
  pass();
  assert.deepEqual(said.slice(1), ['999 new messages in Everyone, Bob']);
  pass();
  pass();
  announcer.message('Ann', 'Everyone', 'again');
  assert.deepEqual(said.slice(2), ['', 'Ann, Everyone: again']);
});

test('what was said does not stay, nor what was removed', () => {
  const { announcer, said, pass } = spoken();
  announcer.message('Ann', 'Everyone', 'my code is 4711');
  announcer.message('Ann', 'Everyone', 'no, it is 4712');
  announcer.forget();
  assert.deepEqual(said.slice(1), ['']);
  pass();
  assert.deepEqual(said.slice(2), ['']);
});

test('a long message is read in part', () => {
  const { announcer, said } = spoken();
  announcer.message('Ann', 'Everyone', 'x'.repeat(5000));
  assert.ok(said[0].length < 300 && said[0].endsWith('…'));
});
