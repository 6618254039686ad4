// Where the rows of a long list stand: each row's height, estimated until it was measured, and the sums of them. All in
// O(log n), so that a list of a hundred thousand rows costs what one of a hundred does. Not for drawing: that is `views/list.jsx`.

/** Heights of rows from `base` on up to `count` (not included), as a Fenwick tree. Units: CSS pixels. */
export class Heights {
  #estimate;
  #base;
  /** How many rows are held: those from `#base` on. */
  #held = 0;
  #heights = new Float64Array(64);
  #sums = new Float64Array(65);

  /**
   * @param {number} estimate what a row counts for until it is measured
   * @param {number} base the first row that has a place: browsers draw no element of any height
   */
  constructor(estimate, base = 0) {
    this.#estimate = estimate;
    this.#base = base;
  }

  /** The first row. */
  get base() {
    return this.#base;
  }

  /** One more than the last row. */
  get count() {
    return this.#base + this.#held;
  }

  /** The height of all rows. */
  get total() {
    return this.offset(this.count);
  }

  /** Makes room for rows that came behind the last one. Rows are never taken away. */
  grow(count) {
    const held = count - this.#base;
    if (held <= this.#held) return;
    if (held > this.#heights.length) {
      const room = 2 ** Math.ceil(Math.log2(held));
      this.#heights = widened(this.#heights, room);
      this.#sums = widened(this.#sums, room + 1);
    }
    this.#heights.fill(this.#estimate, this.#held, held);
    for (let at = this.#held + 1; at <= held; at += 1) {
      let sum = this.#heights[at - 1];
      for (let step = 1; step < (at & -at); step <<= 1) sum += this.#sums[at - step];
      this.#sums[at] = sum;
    }
    this.#held = held;
  }

  /** What row `index` measures; gives by how much that differs from before. */
  set(index, height) {
    if (index < this.#base || index >= this.count) return 0;
    const place = index - this.#base;
    const change = height - this.#heights[place];
    if (change === 0) return 0;
    this.#heights[place] = height;
    for (let at = place + 1; at <= this.#held; at += at & -at) this.#sums[at] += change;
    return change;
  }

  /** The height of all rows above row `index`. */
  offset(index) {
    let sum = 0;
    for (let at = Math.min(Math.max(index - this.#base, 0), this.#held); at > 0; at -= at & -at) sum += this.#sums[at];
    return sum;
  }

  /** The row that covers the height `y`: the first or the last one where `y` lies outside. */
  at(y) {
    let place = 0;
    let left = y;
    for (let step = this.#heights.length; step > 0; step >>= 1) {
      const next = place + step;
      if (next <= this.#held && this.#sums[next] <= left) {
        place = next;
        left -= this.#sums[next];
      }
    }
    return this.#base + Math.max(0, Math.min(place, this.#held - 1));
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
  if (heights.count === heights.base) return { from: heights.base, to: heights.base };
  const first = heights.at(top);
  const last = heights.at(top + height);
  const from = Math.max(heights.base, first - beyond);
  const to = Math.min(heights.count, last + 1 + beyond, from + most);
  return { from, to };
}
