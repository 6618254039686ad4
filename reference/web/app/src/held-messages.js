// The messages around what is looked at: read from the store in windows, opened by the library, and held for a while.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useUnhurried } from './use.js';

/** At most so many are held. */
const HELD = 600;

/** The messages of a conversation from `from` to `to`, and one more at each end. `redraw` is called when more of them are there. */
export function useMessages(conversation, { from, to }, redraw) {
  const state = useRef(null);
  if (state.current?.conversation !== conversation) state.current = { conversation, messages: new Map(), reading: 0, turn: 0, stale: new Set() };
  const { current } = state;
  const [busy, setBusy] = useState(false);

  // In a first sync there is more to read with each drawing: a drawing for each reading would go on as fast as it can.
  const drawSoon = useUnhurried(() => {
    setBusy(state.current.reading > 0);
    redraw();
  });

  const load = useCallback(async (first, last) => {
    const wanted = [];
    for (let number = Math.max(0, first); number < Math.min(last, conversation.count); number += 1) {
      if (!current.messages.has(number) || current.stale.has(number)) wanted.push(number);
    }
    if (wanted.length === 0) return;
    const { turn } = current;
    current.reading += 1;
    setBusy(true);
    try {
      const messages = await conversation.messages(wanted[0], wanted.at(-1) + 1);
      for (const message of messages) {
        current.messages.set(message.number, message);
        // What changed while it was read is being read again.
        if (turn === current.turn) current.stale.delete(message.number);
      }
      shed(current.messages, first, last);
    } catch (error) {
      // A store that was closed is no news; what is damaged the library tells by itself.
      if (!error?.code) console.error(error);
    } finally {
      current.reading -= 1;
      drawSoon();
    }
  }, [conversation]);

  useEffect(() => {
    load(from - 1, to + 1);
  }, [from, to, conversation, conversation.count]);

  // Much may change at once, such as when the past is shared: it is read again a few times a second at most.
  const reload = useUnhurried(() => load(from - 1, to + 1));

  return {
    busy,
    at: (number) => current.messages.get(number),
    between: (first, last) => {
      const found = [];
      for (let number = first; number < last; number += 1) {
        const message = current.messages.get(number);
        if (message) found.push(message);
      }
      return found;
    },
    /** What is held of a message, or of all where none is named, is read again before it is shown again. */
    forget: (number = null) => {
      current.turn += 1;
      for (const one of number === null ? [...current.messages.keys()] : [number]) {
        if (one >= from - 1 && one <= to) current.stale.add(one);
        else current.messages.delete(one); // [RED-6]
      }
      reload();
    },
  };
}

function shed(messages, from, to) {
  if (messages.size <= HELD) return;
  for (const number of messages.keys()) {
    if (number < from - HELD / 3 || number > to + HELD / 3) messages.delete(number);
  }
}
