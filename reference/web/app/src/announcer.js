// Tells a screen reader what came in, without flooding it: one announcement in some seconds, and a number where there is more
// to say than one message.

import { counted } from './format.js';

const MOST = 240;

/** Collects what came in and says it through `say`, at most once in `every` milliseconds. */
export class Announcer {
  #say;
  #every;
  #later;
  #held = [];
  #silent = false;

  /** @param {(text: string) => void} say @param {{ every?: number, later?: (work: () => void, wait: number) => unknown }} options */
  constructor(say, { every = 4000, later = (work, wait) => setTimeout(work, wait) } = {}) {
    this.#say = say;
    this.#every = every;
    this.#later = later;
  }

  /** A message of somebody else: who wrote it, in which conversation, and its words, if they can be read. */
  message(who, where, text) {
    this.#held.push({ who, where, text });
    if (!this.#silent) this.#speak();
  }

  /** Takes back what was said and was to be said: words that were removed stand nowhere any longer. */
  forget() {
    this.#held = [];
    this.#say('');
  }

  #speak() {
    const held = this.#held;
    this.#held = [];
    this.#silent = held.length > 0;
    if (held.length === 0) {
      this.#say('');
      return;
    }
    if (held.length === 1) {
      const [{ who, where, text }] = held;
      const words = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
      this.#say(`${who}, ${where}: ${words}`);
    } else {
      const places = [...new Set(held.map(({ where }) => where))];
      this.#say(`${counted(held.length, 'new message')} in ${places.slice(0, 3).join(', ')}`);
    }
    this.#later(() => this.#speak(), this.#every);
  }
}
