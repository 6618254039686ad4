import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, bytesOf, counted, groupedId, hueOf, initials, lasting, listed, machineTime, shortId } from '../src/format.js';

const id = 'STi6zEd_BPBGGpCrxMv3AL268yUb7BLzAFhb6zfoqSw';
const at = (text) => Date.parse(text);

test('times are told in the place where they are read', () => {
  const now = at('2026-03-04T10:00:00Z');
  const utc = new Clock('en-GB', 'UTC');
  const auckland = new Clock('en-GB', 'Pacific/Auckland');
  assert.equal(utc.time(at('2026-03-04T09:05:00Z')), '09:05');
  assert.equal(auckland.time(at('2026-03-04T09:05:00Z')), '22:05');
  assert.equal(utc.day(now, now), 'Today');
  assert.equal(utc.day(at('2026-03-03T23:59:00Z'), now), 'Yesterday');
  assert.equal(utc.day(at('2026-03-01T12:00:00Z'), now), 'Sunday 1 March');
  // Whether a comma stands there is the browser's affair.
  assert.match(utc.day(at('2025-03-01T12:00:00Z'), now), /^Saturday,? 1 March 2025$/u);
  // Noon in Greenwich is past midnight in Auckland.
  assert.equal(auckland.dayKey(at('2026-03-03T12:00:00Z')), '2026-03-04');
  assert.equal(utc.brief(at('2026-03-04T09:05:00Z'), now), '09:05');
  assert.equal(utc.brief(at('2026-03-01T09:05:00Z'), now), '2026-03-01');
});

test('a time that no calendar holds is told by the last one that it does', () => {
  const utc = new Clock('en-GB', 'UTC');
  const far = Number.MAX_SAFE_INTEGER;
  assert.equal(machineTime(far), '+275760-09-13T00:00:00.000Z');
  for (const tell of [utc.time, utc.full, utc.dayKey]) assert.equal(tell.call(utc, far), tell.call(utc, 8.64e15));
  for (const tell of [utc.day, utc.when, utc.brief]) assert.match(tell.call(utc, far, far), /./u);
});

test('a length of time is told as roughly as one cares', () => {
  for (const [milliseconds, told] of [
    [-5, '0 seconds'], [0, '0 seconds'], [1, '1 second'], [61_000, '61 seconds'], [120_000, '2 minutes'],
    [3_600_000, '60 minutes'], [7_200_000, '2 hours'], [172_800_000, '2 days'],
  ]) assert.equal(lasting(milliseconds), told);
});

test('accounts have a short form, a colour and letters, the same everywhere', () => {
  assert.equal(shortId(id), 'STi6 zEd_');
  assert.equal(groupedId(id).replaceAll(' ', ''), id);
  assert.equal(hueOf(id), hueOf(id));
  assert.notEqual(hueOf(id), hueOf(`T${id.slice(1)}`));
  assert.equal(initials('ann lee'), 'AL');
  assert.equal(initials('  Zoë  '), 'Z');
  assert.equal(initials('🐢 turtle'), '🐢T');
});

test('names and numbers are told as one says them', () => {
  assert.equal(listed([]), '');
  assert.equal(listed(['Ann']), 'Ann');
  assert.equal(listed(['Ann', 'Bob']), 'Ann and Bob');
  assert.equal(listed(['Ann', 'Bob', 'Cem']), 'Ann, Bob and Cem');
  assert.equal(counted(1, 'message'), '1 message');
  assert.equal(counted(1200, 'message'), '1,200 messages');
});

test('a length is that of the UTF-8', () => {
  assert.equal(bytesOf('é🐢a'), 7);
});

test('when something was is told in a sentence', () => {
  const utc = new Clock('en-GB', 'UTC');
  const now = at('2026-03-04T10:00:00Z');
  assert.equal(utc.when(at('2026-03-04T09:05:00Z'), now), 'today at 09:05');
  assert.equal(utc.when(at('2026-03-03T09:05:00Z'), now), 'on Tuesday 3 March');
});
