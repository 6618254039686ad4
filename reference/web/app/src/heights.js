// Where the rows of a long list stand: each row's height, estimated until it was measured, and the sums of them. All in
// O(log n), so that a list of a hundred thousand rows costs what one of a hundred does. Not for drawing: that is `views/list.jsx`.

/** Heights of rows 0 to count - 1, as a Fenwick tree. Units: CSS pixels. */
export class Heights {
  #estimate;
  #count = 0;
  #heights = new Float64Array(64);
  #sums = new Float64Array(65);

  /** @param {number} estimate what a row counts for until it is measured */
  constructor(estimate) {
    this.#estimate = estimate;
  }

  /** How many rows there are. */
  get count() {
    return this.#count;
  }

  /** The height of all rows. */
  get total() {
    return this.offset(this.#count);
  }

  /** Makes room for rows that came behind the last one. Rows are never taken away. */
  grow(count) {
    if (count <= this.#count) return;
    if (count > this.#heights.length) {
      const room = 2 ** Math.ceil(Math.log2(count));
      this.#heights = widened(this.#heights, room);
      this.#sums = widened(this.#sums, room + 1);
    }
    this.#heights.fill(this.#estimate, this.#count, count);
    for (let at = this.#count + 1; at <= count; at += 1) {
      let sum = this.#heights[at - 1];
      for (let step = 1; step < (at & -at); step <<= 1) sum += this.#sums[at - step];
      this.#sums[at] = sum;
    }
    this.#count = count;
  }

  /** What row `index` measures; gives by how much that differs from before. */
  set(index, height) {
    if (index < 0 || index >= this.#count) return 0;
    const change = height - this.#heights[index];
    if (change === 0) return 0;
    this.#heights[index] = height;
    for (let at = index + 1; at <= this.#count; at += at & -at) this.#sums[at] += change;
    return change;
  }

  /** The height of all rows above row `index`. */
  offset(index) {
    let sum = 0;
    for (let at = Math.min(Math.max(index, 0), this.#count); at > 0; at -= at & -at) sum += this.#sums[at];
    return sum;
  }

  /** The row that covers the height `y`: the first or the last one where `y` lies outside. */
  at(y) {
    let index = 0;
    let left = y;
    for (let step = this.#heights.length; step > 0; step >>= 1) {
      const next = index + step;
      if (next <= this.#count && this.#sums[next] <= left) {
        index = next;
        left -= this.#sums[next];
      }
    }
    return Math.max(0, Math.min(index, this.#count - 1));
  }
}

function widened(array, length) {
  const wide = new Float64Array(length);
  wide.set(array);
  return wide;
}

/**
 * The rows to draw for what is seen: those in view and some beyond each edge, at most `most`.
 * @param {Heights} heights
 * @param {{ top: number, height: number, beyond: number, most: number }} view
 * @returns {{ from: number, to: number }}
 */
export function windowOf(heights, { top, height, beyond, most }) {
  if (heights.count === 0) return { from: 0, to: 0 };
  const first = heights.at(top);
  const last = heights.at(top + height);
  const from = Math.max(0, first - beyond);
  const to = Math.min(heights.count, last + 1 + beyond, from + most);
  return { from, to };
}
