import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heights, windowOf } from '../src/heights.js';

/** Says the same the slow way. */
function plain(heights) {
  return {
    offset: (index) => heights.slice(0, index).reduce((sum, height) => sum + height, 0),
    at: (y) => {
      let sum = 0;
      const found = heights.findIndex((height) => (sum += height) > y);
      return found === -1 ? heights.length - 1 : found;
    },
  };
}

/** Numbers that look random and are the same each time. */
function* numbers(seed) {
  let state = seed;
  for (;;) {
    state = (state * 1103515245 + 12345) % 2147483648;
    yield state;
  }
}

test('rows stand where the sum of those above them ends, however they are measured and grow', () => {
  const random = numbers(7);
  const next = (below) => random.next().value % below;
  const heights = new Heights(50);
  let slow = [];
  for (let round = 0; round < 60; round += 1) {
    const count = slow.length + next(40);
    heights.grow(count);
    slow = [...slow, ...Array(count - slow.length).fill(50)];
    for (let times = 0; times < 30 && count > 0; times += 1) {
      const index = next(count);
      const height = 1 + next(300);
      assert.equal(heights.set(index, height), height - slow[index]);
      slow[index] = height;
    }
    const expected = plain(slow);
    assert.equal(heights.total, expected.offset(count));
    for (let times = 0; times < 20 && count > 0; times += 1) {
      const index = next(count + 1);
      assert.equal(heights.offset(index), expected.offset(index), `offset ${index} of ${count}`);
      const y = next(Math.ceil(heights.total) + 100);
      assert.equal(heights.at(y), expected.at(y), `at ${y} of ${heights.total}`);
    }
  }
});

test('what lies outside is the first row or the last', () => {
  const heights = new Heights(10);
  assert.equal(heights.at(5), 0);
  heights.grow(3);
  assert.equal(heights.at(-5), 0);
  assert.equal(heights.at(0), 0);
  assert.equal(heights.at(9.5), 0);
  assert.equal(heights.at(10), 1);
  assert.equal(heights.at(1e9), 2);
  assert.equal(heights.offset(99), 30);
  assert.equal(heights.set(3, 5), 0);
  assert.equal(heights.set(-1, 5), 0);
});

test('rows are never taken away', () => {
  const heights = new Heights(10);
  heights.grow(5);
  heights.set(4, 99);
  heights.grow(2);
  assert.equal(heights.count, 5);
  assert.equal(heights.total, 139);
});

test('a window holds what is seen and a little more, and never more than it may', () => {
  const heights = new Heights(50);
  heights.grow(100_000);
  assert.deepEqual(windowOf(heights, { top: 0, height: 500, beyond: 5, most: 80 }), { from: 0, to: 16 });
  assert.deepEqual(windowOf(heights, { top: 2_500_000, height: 500, beyond: 5, most: 80 }), { from: 49_995, to: 50_016 });
  assert.deepEqual(windowOf(heights, { top: 1e12, height: 500, beyond: 5, most: 80 }), { from: 99_994, to: 100_000 });
  const huge = windowOf(heights, { top: 1000, height: 1e9, beyond: 5, most: 80 });
  assert.equal(huge.to - huge.from, 80);
  assert.deepEqual(windowOf(new Heights(50), { top: 0, height: 500, beyond: 5, most: 80 }), { from: 0, to: 0 });
});

test('rows before the first that has a place have none', () => {
  const heights = new Heights(10, 1000);
  heights.grow(1003);
  assert.equal(heights.count, 1003);
  assert.equal(heights.total, 30);
  heights.set(1001, 50);
  assert.equal(heights.set(999, 50), 0);
  assert.equal(heights.offset(1000), 0);
  assert.equal(heights.offset(1002), 60);
  assert.equal(heights.offset(5), 0);
  assert.equal(heights.at(0), 1000);
  assert.equal(heights.at(59), 1001);
  assert.equal(heights.at(60), 1002);
  assert.deepEqual(windowOf(heights, { top: 0, height: 15, beyond: 5, most: 80 }), { from: 1000, to: 1003 });
  assert.deepEqual(windowOf(new Heights(10, 7), { top: 0, height: 15, beyond: 5, most: 80 }), { from: 7, to: 7 });
});
