// The messages of a conversation, drawn by windows: however many there are, some dozens of rows stand in the page. Rows are
// read from the store as they come into view, measured, and kept where the eye is when rows above them turn out taller or shorter.

import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { counted } from '../format.js';
import { Heights, windowOf } from '../heights.js';
import { useMessages } from '../held-messages.js';
import { changesOf, rowsOf } from '../rows.js';
import { useListener, useUnhurried } from '../use.js';
import { useRoom } from './room.jsx';
import { ChangeNote, EarlyRows, MessageRow, OutgoingRow } from './message.jsx';
import { Icon } from './parts.jsx';

const ESTIMATE = 52;
const BEYOND = 8;
/** At most so many rows are drawn, whatever the screen. */
const MOST = 80;
/** At most twice so many rows have a place in the page at a time: browsers draw nothing that is higher than some 17 million pixels. */
const SPAN = 100_000;
/** How near to the end counts as at the end. */
const NEAR = 48;
/** At most so many messages that wait are drawn one by one. */
const WAITING = 40;

/** The scrolled list. `onChoose` is called with a message that the person wants to do something with. */
export function MessageList({ conversation, onChoose }) {
  const { client, community, clock } = useRoom();
  const own = client.identity.account;
  const scroller = useRef(null);
  const [base, setBase] = useState(() => Math.max(0, (conversation.unread > 0 ? conversation.read : conversation.count) - SPAN));
  const heights = useMemo(() => new Heights(ESTIMATE, base), [conversation, base]);
  heights.grow(Math.min(conversation.count, base + 2 * SPAN));
  const isWhole = heights.count === conversation.count;
  const [unreadFrom, setUnreadFrom] = useState(() => (conversation.unread > 0 ? conversation.read : conversation.early.length > 0 ? conversation.count : null));
  const [view, setView] = useState(() => windowAt(conversation.count, unreadFrom ?? conversation.count));
  const [, redraw] = useReducer((count) => count + 1, 0);
  /** Whether the next drawing goes to the end. */
  const toEnd = useRef(false);
  const redrawSoon = useUnhurried(() => (toEnd.current ? goTo(conversation.count) : redraw()));
  const held = useMessages(conversation, view, redraw);
  const [active, setActive] = useState(null);
  const focusWanted = useRef(null);
  const inside = useRef(false);
  // Where the eye is: at the end, or at a row and so many pixels below its top, or at one of the newest messages that stand apart.
  const eye = useRef(conversation.unread > 0 ? { number: unreadFrom, below: -72 } : { end: true });
  /** How far the list was scrolled when that was last looked at. */
  const seen = useRef(0);

  const look = useCallback(() => {
    const { scrollTop, clientHeight } = scroller.current;
    const next = windowOf(heights, { top: scrollTop, height: clientHeight, beyond: BEYOND, most: MOST });
    setView((now) => (now.from === next.from && now.to === next.to ? now : next));
  }, [heights]);

  /** Where the eye is now. */
  const watch = useCallback(() => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    const end = heights.count === conversation.count && scrollHeight - scrollTop - clientHeight < NEAR;
    const number = heights.at(scrollTop);
    const early = end || scrollTop < heights.total ? undefined : [...scroller.current.querySelectorAll('[data-early]')].find((row) => row.offsetTop + row.offsetHeight > scrollTop);
    if (early) eye.current = { early: early.dataset.early, below: scrollTop - early.offsetTop };
    else eye.current = end ? { end: true } : { number, below: scrollTop - heights.offset(number) };
    seen.current = scrollTop;
  }, [heights, conversation]);

  /** Whether the person has scrolled since. A list that became shorter at its end was moved by the browser, and by nobody else. */
  const hasScrolled = useCallback(() => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    return Math.abs(scrollTop - Math.min(seen.current, scrollHeight - clientHeight)) >= 1;
  }, []);

  /** One of the newest messages that the eye was at is among the others now. */
  const follow = useCallback(async () => {
    const { early, below } = eye.current;
    const number = await conversation.numberOf(early).catch(() => null);
    if (eye.current.early === early) goTo(number ?? conversation.count, below);
  }, [heights, conversation]);

  const settle = useCallback(() => {
    const element = scroller.current;
    // The person has scrolled, and the browser has not told yet.
    if (hasScrolled()) {
      watch();
      redraw();
    }
    for (const row of element.querySelectorAll('[data-number]')) heights.set(Number(row.dataset.number), row.getBoundingClientRect().height);
    element.firstElementChild.style.height = `${heights.total}px`;
    const rows = element.querySelector('.rows');
    rows.style.transform = `translateY(${heights.offset(Number(rows.dataset.from))}px)`;
    // It stays where it is while the rows in front of it come in, and has a place among them in the end.
    const apart = eye.current.early && element.querySelector(`[data-early="${eye.current.early}"]`);
    if (eye.current.early && !apart) follow();
    const top = eye.current.end ? element.scrollHeight : apart ? apart.offsetTop + eye.current.below : eye.current.early ? element.scrollTop : heights.offset(eye.current.number) + eye.current.below;
    const reachable = Math.max(0, Math.min(top, element.scrollHeight - element.clientHeight));
    if (Math.abs(element.scrollTop - reachable) >= 1) element.scrollTop = reachable;
    seen.current = element.scrollTop;
    // Once the last row stands where it belongs, being near it is being at the end.
    const drawn = rows.lastElementChild ? Number(rows.lastElementChild.dataset.number) === conversation.count - 1 : conversation.count === 0;
    if (!eye.current.end && drawn && element.scrollHeight - element.clientHeight - element.scrollTop < NEAR) {
      eye.current = { end: true };
      redraw();
    }
    look();
  }, [heights, look, watch, hasScrolled, follow]);

  const scrolled = () => {
    // What `settle` did moves no eye.
    if (hasScrolled()) {
      watch();
      redraw();
    }
    look();
    read();
  };

  /** What has come into view of somebody who is here is read. */
  const read = useCallback(() => {
    if (document.visibilityState !== 'visible' || !document.hasFocus() || !scroller.current || heights.count === 0) return;
    const { scrollTop, clientHeight } = scroller.current;
    // Nor is it in view while newer messages are, that are not part of it yet. [CHECK-22]
    const isEarly = conversation.early.length > 0;
    if (isEarly && scrollTop >= heights.total) return;
    const upTo = eye.current.end && !isEarly ? heights.count : heights.at(scrollTop + clientHeight - 8) + 1;
    if (upTo > conversation.read) conversation.markRead(upTo).catch(() => {});
  }, [conversation, heights]);

  useLayoutEffect(settle);
  useLayoutEffect(() => {
    const watched = new ResizeObserver(settle);
    watched.observe(scroller.current);
    watched.observe(scroller.current.querySelector('.rows'));
    watched.observe(scroller.current.querySelector('.behind'));
    return () => watched.disconnect();
  }, [settle]);
  useEffect(() => {
    read();
    addEventListener('focus', read);
    document.addEventListener('visibilitychange', read);
    return () => {
      removeEventListener('focus', read);
      document.removeEventListener('visibilitychange', read);
    };
  }, [read, conversation.count]);

  const goTo = useCallback((number, below = -72) => {
    // The list went away before what was put off for it came.
    if (!scroller.current) return;
    const { count } = conversation;
    // Where the wanted row has no place, others than so far get theirs.
    if (number < heights.base || Math.min(number, count - 1) >= heights.count) setBase(Math.max(0, Math.min(number, count) - SPAN));
    eye.current = number >= count ? { end: true } : { number, below };
    toEnd.current = false;
    // However the list was scrolled so far, from here on it stands where it is sent.
    seen.current = scroller.current.scrollTop;
    setView(windowAt(count, number));
    redraw();
  }, [heights, conversation]);
  useListener(community, 'message', ({ conversation: which, message }) => {
    if (which.key !== conversation.key) return;
    // One's own words end what was unread, and are to be seen.
    if (message.author === own) {
      setUnreadFrom(null);
      toEnd.current = true;
    }
    redrawSoon();
  });
  useListener(community, 'pending', (outgoing) => {
    if (outgoing.conversation === conversation.key && outgoing.kind === 'message' && outgoing.state === 'waiting') eye.current = { end: true };
    // At once: what came in on the chain would else stand there twice.
    redraw();
  });
  useListener(community, 'early', (early) => {
    if (early && unreadFrom === null && conversation.early.length > 0) setUnreadFrom(conversation.count);
    redrawSoon();
  });
  // Own messages get another mark.
  useListener(community, 'checkpoint', redrawSoon);
  useListener(community, 'changed', ({ conversation: which, number }) => which.key === conversation.key && held.forget(number));

  const goToEntry = useCallback(async (entry) => {
    const number = await conversation.numberOf(entry);
    if (number === null) return;
    focusWanted.current = number;
    setActive(number);
    goTo(number, -120);
  }, [conversation, goTo]);

  const changes = useMemo(() => changesOf(community.members).filter((change) => !conversation.isPrivate || conversation.members.includes(change.account)), [conversation, community.size]);
  const { from, to } = view;
  const rows = rowsOf(held.between(from - 1, to + 1), { from, to, unreadFrom, changes, clock });
  const outgoing = conversation.pending.filter((one) => one.kind === 'message');
  const newest = to === conversation.count ? rows.at(-1)?.message : null;
  const after = newest ? changes.filter((change) => change.index > newest.index) : [];

  useLayoutEffect(() => {
    if (focusWanted.current === null) return;
    const row = scroller.current.querySelector(`[data-number="${focusWanted.current}"]`);
    if (!row) return;
    focusWanted.current = null;
    row.focus({ preventScroll: true });
    const box = row.getBoundingClientRect();
    const frame = scroller.current.getBoundingClientRect();
    if (box.top < frame.top) scroller.current.scrollTop -= frame.top - box.top + 8;
    else if (box.bottom > frame.bottom) scroller.current.scrollTop += box.bottom - frame.bottom + 8;
    // Looked at before the browser tells of the scroll, so that nothing drawn in between takes it back.
    watch();
    redraw();
  });

  // A row that scrolls out of the page takes the keyboard with it: the list keeps it.
  useLayoutEffect(() => {
    if (inside.current && document.activeElement === document.body) scroller.current.focus({ preventScroll: true });
  });
  const left = (event) => {
    if (event.target.isConnected) inside.current = scroller.current.contains(event.relatedTarget);
  };

  const move = (event) => {
    const inside = event.target === scroller.current || event.target.matches('[data-number]');
    if (!inside || event.altKey || event.ctrlKey || event.metaKey) return;
    const { count } = conversation;
    // From a row to the next; from the list itself to what is in view.
    const { scrollTop, clientHeight } = scroller.current;
    const here = event.target !== scroller.current ? active : eye.current.end ? null : heights.at(scrollTop + clientHeight / 2);
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -8, PageDown: 8 };
    const target = event.key === 'Home' ? 0 : event.key === 'End' ? count - 1
      : event.key in steps ? Math.max(0, Math.min(count - 1, (here ?? (steps[event.key] < 0 ? count : count - 1)) + steps[event.key])) : null;
    if (event.key === 'Enter' && active !== null && event.target !== scroller.current) {
      const message = held.at(active);
      if (message) onChoose({ message });
    } else if (target === null || count === 0) {
      return;
    } else {
      focusWanted.current = target;
      setActive(target);
      if (target < view.from + 1 || target >= view.to - 1) goTo(target, -120);
    }
    event.preventDefault();
  };

  const away = !eye.current.end && conversation.count > 0;
  const below = away ? Math.max(0, conversation.unread) : 0;
  return (
    <div class="list-frame">
      <div class="list" role={conversation.count + outgoing.length + conversation.early.length > 0 ? 'feed' : 'region'} aria-label="Messages" tabIndex={0} ref={scroller} onScroll={scrolled} onKeyDown={move} onFocusIn={() => { inside.current = true; }} onFocusOut={left} aria-busy={held.busy}>
        <div class="whole">
          <div class="rows" data-from={rows[0]?.message.number ?? from}>
            {rows.map((row) => (
              <MessageRow
                key={row.message.number} row={row} count={conversation.count} own={own} isActive={active === row.message.number}
                conversation={conversation} onChoose={onChoose} onActive={setActive} onGoTo={goToEntry}
              />
            ))}
          </div>
        </div>
        <div class="behind">
          {after.map((change) => <ChangeNote key={`${change.index} ${change.account}`} change={change} />)}
          <EarlyRows conversation={conversation} onGoTo={goToEntry} />
          {conversation.count === 0 && outgoing.length === 0 && conversation.early.length === 0 && <Empty conversation={conversation} />}
          {outgoing.slice(0, WAITING).map((one) => <OutgoingRow key={one.local} outgoing={one} onChoose={onChoose} />)}
          {outgoing.length > WAITING && <p class="note">{counted(outgoing.length - WAITING, 'more message')} waiting to be sent</p>}
        </div>
      </div>
      {base > 0 && view.from === base && (
        <button type="button" class="to-start" onClick={() => goTo(base - 1)}>Earlier messages</button>
      )}
      {!isWhole && view.to === heights.count && (
        <button type="button" class="to-start" onClick={() => goTo(heights.count)}>Later messages</button>
      )}
      {away && (
        <button type="button" class="to-end" onClick={() => goTo(conversation.count)}>
          <Icon name="down" size={18} />
          {below > 0 ? <span>{counted(below, 'new message')}</span> : <span class="unseen">To the newest message</span>}
        </button>
      )}
    </div>
  );
}

function Empty({ conversation }) {
  return (
    <div class="empty">
      <p>Nothing was said here yet.</p>
      <p class="hint">{conversation.isPrivate ? 'Only the members above can read what you write here.' : 'What you write is encrypted on this device, for the members of this moment. The server cannot read it.'}</p>
    </div>
  );
}

/** The first window, before anything was measured. */
function windowAt(count, number) {
  const to = Math.min(count, number + BEYOND + 20);
  return { from: Math.max(0, Math.min(number, count) - BEYOND - 20), to };
}
