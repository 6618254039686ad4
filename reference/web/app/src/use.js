// Ties what the library tells to what is drawn.

import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';

/** How often a view is drawn again at most because something came in, in milliseconds. A first sync tells of each block. */
const EVERY = 100;

/** Draws again whenever one of these events comes from `source`: at once, and once more for all that come right behind. */
export function useEvents(source, names) {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    if (!source) return undefined;
    const told = unhurried(again);
    const offs = names.map((name) => source.on(name, told));
    // What happened between the drawing and this moment.
    again();
    return () => offs.forEach((off) => off());
  }, [source]);
}

/** What is to be done at the next beat. All of it is done together, so that a view is drawn once for all that asked. */
const asked = new Set();
let resting = false;

/** Does some work at once, and once more for all that it is asked for before `EVERY` has passed. */
export function unhurried(work) {
  return function run() {
    asked.add(work);
    if (resting) return;
    resting = true;
    queueMicrotask(beat);
  };
}

function beat() {
  const works = [...asked];
  asked.clear();
  setTimeout(() => {
    resting = false;
    if (asked.size === 0) return;
    resting = true;
    beat();
  }, EVERY);
  for (const work of works) work();
}

/** A function that does the work of the last drawing, unhurriedly. */
export function useUnhurried(work) {
  const latest = useRef(work);
  latest.current = work;
  return useMemo(() => unhurried(() => latest.current()), []);
}

/** Calls `listener` with each such event; the listener of the last drawing is the one that is called. */
export function useListener(source, name, listener) {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => source?.on(name, (told) => latest.current(told)), [source, name]);
}

/** Does some work when something does not verify: what lies over the page gives way to the warning. */
export function useWhenStopped(community, work) {
  useListener(community, 'state', ({ name }) => name === 'stopped' && work());
}

/** The time, told again every `every` milliseconds while it is wanted. */
export function useNow(every, wanted = true) {
  const [now, tell] = useState(Date.now());
  useEffect(() => {
    if (!wanted) return undefined;
    tell(Date.now());
    const timer = setInterval(() => tell(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, wanted]);
  return now;
}

/** Whether the browser thinks that there is a network. */
export function useOnline() {
  const [online, tell] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => tell(navigator.onLine);
    for (const name of ['online', 'offline']) addEventListener(name, look);
    return () => ['online', 'offline'].forEach((name) => removeEventListener(name, look));
  }, []);
  return online;
}

/** What a media query says. */
export function useMedia(query) {
  const [matches, tell] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const look = () => tell(list.matches);
    look();
    list.addEventListener('change', look);
    return () => list.removeEventListener('change', look);
  }, [query]);
  return matches;
}

/** Runs something that takes a while: `[busy, problem, run]`. While it runs it is not begun again. */
export function useWork() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const running = useRef(false);
  const run = async (work) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      if (!error?.code) console.error(error);
      setProblem(error);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return [busy, problem, run];
}

/** Brings the heading of a new view under the keyboard, so that a screen reader begins there. */
export function useHeading(key, wanted = true) {
  const heading = useRef(null);
  useLayoutEffect(() => {
    if (wanted) heading.current?.focus({ preventScroll: true });
  }, [key]);
  return heading;
}
