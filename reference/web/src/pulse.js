/**
 * Whether the other side is still there. A peer that is gone without a word leaves a socket open for ever, and a page cannot ping. So where nothing
 * comes for a while, something is asked that has to be answered.
 */

/**
 * How long a server may take, in milliseconds.
 *
 * @typedef {object} Patience
 * @property {number} step for each step of a join, for the next blocks of a sync, and for an answer to an entry
 * @property {number} silence after which it is asked for a sign of life
 * @property {number} answer for that sign
 */

/** @type {Patience} */
export const PATIENCE = { step: 30_000, silence: 30_000, answer: 10_000 };

export class Pulse {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isAsked = false;
  #isOver = false;

  /**
   * @param {Patience} patience
   * @param {() => void} ask
   * @param {() => void} gone
   */
  constructor(patience, ask, gone) {
    this.patience = patience;
    this.ask = ask;
    this.gone = gone;
  }

  /** Something came, whatever it is. */
  heard() {
    clearTimeout(this.#timer);
    this.#isAsked = false;
    this.#timer = setTimeout(() => this.look(), this.patience.silence);
  }

  /** Asks now: a page that was hidden, or a network that has changed, may have missed the end. */
  look() {
    if (this.#isAsked || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#isAsked = true;
    this.#timer = setTimeout(this.gone, this.patience.answer);
    this.ask();
  }

  stop() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
