// How values are shown to people: times, days, accounts, names. In the browser's own language and time zone.

const MINUTE = 60_000;
/** The last moment that a date can hold. The protocol's times reach further, and a server may say any of them. */
const LAST = 8.64e15;

const moment = (at) => new Date(Math.min(at, LAST));

/** A time for a program to read, as `<time>` takes it. */
export const machineTime = (at) => moment(at).toISOString();

/** Writers of times and days, in one language and time zone. */
export class Clock {
  #time;
  #day;
  #dayWithYear;
  #full;
  #key;

  /** @param {string | undefined} language @param {string | undefined} timeZone both the browser's if left out */
  constructor(language = undefined, timeZone = undefined) {
    const format = (options) => new Intl.DateTimeFormat(language, { timeZone, ...options });
    this.#time = format({ hour: '2-digit', minute: '2-digit' });
    this.#day = format({ weekday: 'long', day: 'numeric', month: 'long' });
    this.#dayWithYear = format({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
    this.#full = format({ dateStyle: 'full', timeStyle: 'medium' });
    this.#key = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  /** Hour and minute. */
  time(at) {
    return this.#time.format(moment(at));
  }

  /** A day as one says it; with its year where that is not this one. */
  day(at, now) {
    if (this.dayKey(at) === this.dayKey(now)) return 'Today';
    if (this.dayKey(at) === this.dayKey(now - 24 * 60 * MINUTE)) return 'Yesterday';
    const sameYear = this.dayKey(at).slice(0, 4) === this.dayKey(now).slice(0, 4);
    return (sameYear ? this.#day : this.#dayWithYear).format(moment(at));
  }

  /** The time today, else the day, in a sentence. */
  when(at, now) {
    return this.dayKey(at) === this.dayKey(now) ? `today at ${this.time(at)}` : `on ${this.day(at, now).replace(/^Yesterday$/u, this.#day.format(moment(at)))}`;
  }

  /** Everything, to the second. */
  full(at) {
    return this.#full.format(moment(at));
  }

  /** The time today, else the day, as a list of conversations shows it. */
  brief(at, now) {
    return this.dayKey(at) === this.dayKey(now) ? this.time(at) : this.dayKey(at);
  }

  /** What two times of one day share. */
  dayKey(at) {
    return this.#key.format(moment(at));
  }
}

/** An account as it is shown while nobody has named it: the beginning of its id, in two parts that can be read out. */
export function shortId(id) {
  return `${id.slice(0, 4)} ${id.slice(4, 8)}`;
}

/** An id in groups of letters, to be compared with another by eye. */
export function groupedId(id) {
  return id.match(/.{1,4}/gu).join(' ');
}

/** One or two letters for an account's mark. */
export function initials(name) {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => Array.from(word)[0].toLocaleUpperCase()).join('');
}

/** A hue for an account, from its id: the same everywhere. */
export function hueOf(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

/** Names in a row, as one says them. */
export function listed(names) {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 message`, `2 messages`. */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A length of time, roughly: for how long to wait, or how far a clock is off. */
export function lasting(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 90) return counted(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return counted(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day');
}

/** How many bytes a text takes in UTF-8, which is what limits count. */
export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}
