// Where one writes. What could not be kept comes back into the field.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { bytesOf } from '../format.js';
import { useMedia } from '../use.js';
import { useRoom } from './room.jsx';
import { IconButton, Problem } from './parts.jsx';

/** What is being written, by conversation, while the page lives: it is nowhere on the disk. */
const drafts = new Map();

/** How much of the longest message is taken by what is not its words; and from where on it is said how much room is left. In bytes. */
const BESIDES = 512;
const SOON_FULL = 5000;

/** The field and its button. */
export function Composer({ conversation, replyTo, onReplied }) {
  const { community, nameOf, titleOf } = useRoom();
  const place = `${community.id} ${conversation.key}`;
  const [text, setText] = useState(drafts.get(place) ?? '');
  const [problem, setProblem] = useState(null);
  const field = useRef(null);
  const touch = useMedia('(pointer: coarse)');
  const full = (community.limits?.ciphertext_bytes ?? 65_536) - BESIDES;
  const room = text.length * 3 > full - SOON_FULL ? full - bytesOf(text) : null;
  const left = room !== null && room < SOON_FULL ? room : null;

  const sending = (work) => {
    setProblem(null);
    work().catch(setProblem);
  };
  const write = (words) => {
    drafts.set(place, words);
    setText(words);
  };
  useLayoutEffect(() => {
    const { style } = field.current;
    style.height = 'auto';
    style.height = `${Math.min(field.current.scrollHeight + 2, 180)}px`;
  }, [text]);
  useEffect(() => {
    if (replyTo) field.current.focus();
  }, [replyTo]);

  const send = (event) => {
    event?.preventDefault();
    const words = text.trim();
    if (!words) return;
    const answered = replyTo;
    // Emptied at once, so that the next one can be typed; given back if it could not be kept. [CONV-15] What is between the
    // first letter and the last goes out as it was typed.
    write('');
    onReplied();
    sending(async () => {
      try {
        await conversation.send(words, answered ? { replyTo: answered.id } : {});
      } catch (error) {
        write([words, drafts.get(place)].filter(Boolean).join('\n'));
        throw error;
      }
    });
  };
  const key = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && !touch) send(event);
    if (event.key === 'Escape' && replyTo) onReplied();
  };
  return (
    <form class="composer" onSubmit={send}>
      {replyTo && (
        <div class="replying">
          <p><span class="hint">Reply to {nameOf(replyTo.author)}</span><span class="quoted">{replyTo.content?.text.slice(0, 200)}</span></p>
          <IconButton icon="close" label="Do not reply" onClick={onReplied} />
        </div>
      )}
      <Problem of={problem} />
      <div class="composer-row">
        <textarea ref={field} rows={1} dir="auto" placeholder="Write a message" aria-label={`Message to ${conversation.isPrivate ? titleOf(conversation) : 'everyone'}`} value={text} onInput={(event) => write(event.target.value)} onKeyDown={key} />
        <IconButton icon="send" label="Send" type="submit" class="send" disabled={!text.trim() || (left !== null && left < 0)} />
      </div>
      {left !== null && <p class={left < 0 ? 'problem' : 'hint'} role="status">{left < 0 ? `Too long by ${-left} bytes: send it in parts.` : `${left} bytes left`}</p>}
    </form>
  );
}
