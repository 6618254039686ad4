import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../src/format.js';
import { changesOf, rowsOf } from '../src/rows.js';

const clock = new Clock('en-GB', 'UTC');
const noon = Date.parse('2026-03-04T12:00:00Z');
const message = (number, author, minutes, index = 10 + number) => ({ number, author, index, time: noon + minutes * 60_000 });
const told = (rows) => rows.map(({ message: { number }, day, unreadBegins, first, last, changes }) => ({
  number, day: day !== null, unreadBegins, first, last, changes: changes.length,
}));

test('messages of one author stand together until somebody else speaks or time passes', () => {
  const messages = [message(0, 'a', 0), message(1, 'a', 1), message(2, 'b', 2), message(3, 'b', 60)];
  assert.deepEqual(told(rowsOf(messages, { from: 0, to: 4, unreadFrom: null, changes: [], clock })), [
    { number: 0, day: true, unreadBegins: false, first: true, last: false, changes: 0 },
    { number: 1, day: false, unreadBegins: false, first: false, last: true, changes: 0 },
    { number: 2, day: false, unreadBegins: false, first: true, last: true, changes: 0 },
    { number: 3, day: false, unreadBegins: false, first: true, last: true, changes: 0 },
  ]);
});

test('a new day, the line of the unread, and who came between part them', () => {
  const messages = [message(0, 'a', 0), message(1, 'a', 1), message(2, 'a', 2, 20), message(3, 'a', 13 * 60, 21)];
  const changes = [{ index: 15, time: noon, what: 'added', account: 'c', by: 'o' }];
  assert.deepEqual(told(rowsOf(messages, { from: 0, to: 4, unreadFrom: 1, changes, clock })), [
    { number: 0, day: true, unreadBegins: false, first: true, last: true, changes: 0 },
    { number: 1, day: false, unreadBegins: true, first: true, last: true, changes: 0 },
    { number: 2, day: false, unreadBegins: false, first: true, last: true, changes: 1 },
    { number: 3, day: true, unreadBegins: false, first: true, last: true, changes: 0 },
  ]);
});

test('a window in the midst of a history says no day that it does not know to be new', () => {
  const messages = [message(4, 'a', 0), message(5, 'a', 1), message(6, 'a', 2)];
  const rows = told(rowsOf(messages, { from: 4, to: 6, unreadFrom: null, changes: [], clock }));
  assert.deepEqual(rows.map(({ number, day, last }) => ({ number, day, last })), [
    { number: 4, day: false, last: false }, { number: 5, day: false, last: false },
  ]);
});

test('who came and went is told in the order of the chain, and the founding is not', () => {
  const members = [
    { account: 'o', history: [{ what: 'added', by: 'o', index: 0, time: 1 }] },
    { account: 'a', history: [{ what: 'added', by: 'o', index: 1, time: 2 }, { what: 'removed', by: 'o', index: 9, time: 4 }] },
    { account: 'b', history: [{ what: 'added', by: 'o', index: 5, time: 3 }] },
  ];
  assert.deepEqual(changesOf(members).map(({ account, what, index }) => [account, what, index]), [
    ['a', 'added', 1], ['b', 'added', 5], ['a', 'removed', 9],
  ]);
});
