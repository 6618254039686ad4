/** [CHECK-13] Watches that the server signs for its blocks: until a checkpoint covers a block, the server can deny it. */

/** On top of the advertised `checkpoint_ms`. */
const GRACE_MS = 30_000;

export class Cover {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Blocks below this size are to be covered when the timer ends. */
  #due = 0;

  /** @param {() => void} warn */
  constructor(warn) {
    this.warn = warn;
  }

  /**
   * The chain or the checkpoint has grown.
   *
   * @param {number} size of the chain
   * @param {number} covered by the highest checkpoint
   * @param {number} checkpointMs
   */
  look(size, covered, checkpointMs) {
    if (this.#timer !== undefined && covered < this.#due) return;
    this.stop();
    if (covered >= size) return;
    this.#due = size;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.warn();
    }, GRACE_MS + checkpointMs);
  }

  /** Without a connection nothing is due. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
