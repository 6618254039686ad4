// One message as a row: a new day, who came and went, who speaks, the words as text, when, and its mark.
// [ENC-10] Words are text and nothing else: no link, no picture, no markup is made of them.

import { useEffect, useState } from 'preact/hooks';
import { machineTime } from '../format.js';
import { rowsOf } from '../rows.js';
import { useEvents, useListener, useUnhurried } from '../use.js';
import { EARLY, MARKS, closedSentence, sentence } from '../words.js';
import { useRoom } from './room.jsx';
import { Avatar, Icon, IconButton } from './parts.jsx';

/** From which length on a text is shown in part, in UTF-16 units. */
const LONG = 1500;

const ICONS = { waiting: 'clock', pending: 'clock', failed: 'alert', accepted: 'check', checkpointed: 'checks' };

/** A message on the chain. */
export function MessageRow({ row, count, own, isActive, conversation, onChoose, onActive, onGoTo }) {
  const { client, community, clock, nameOf, openMember } = useRoom();
  const { message, first, last } = row;
  const mine = message.author === own;
  const name = nameOf(message.author);
  const named = client.nameOf(message.author);
  return (
    <article
      class={`row ${mine ? 'mine' : 'theirs'} ${first ? 'first' : ''} ${last ? 'last' : ''}`}
      data-number={message.number} aria-posinset={message.number + 1} aria-setsize={count}
      aria-label={`${name}, ${clock.time(message.time)}`} tabIndex={isActive ? 0 : -1} onFocus={() => onActive(message.number)}
    >
      {row.changes.map((change) => <ChangeNote key={`${change.index} ${change.account}`} change={change} />)}
      {row.day !== null && <p class="note day"><span>{clock.day(row.day, Date.now())}</span></p>}
      {row.unreadBegins && <p class="note unread-line"><span>New messages</span></p>}
      <div class="said">
        {!mine && last && <Avatar account={message.author} name={named} size="s" />}
        <div class="bubble">
          {!mine && first && (
            <button type="button" class={`author ${named ? '' : 'unnamed'}`} tabIndex={isActive ? 0 : -1} onClick={() => openMember(message.author)}>{name}</button>
          )}
          {message.content?.replyTo && <Quote entry={message.content.replyTo} conversation={conversation} onGoTo={onGoTo} isActive={isActive} />}
          <Words message={message}>
            <time dateTime={machineTime(message.time)} title={clock.full(message.time)}>{clock.time(message.time)}</time>
            {mine && <Sign state={markOf(message, community)} />}
          </Words>
        </div>
        <IconButton icon="dots" label="Message actions" class="more" tabIndex={isActive ? 0 : -1} onClick={() => onChoose({ message })} />
      </div>
    </article>
  );
}

/** The newest messages while those in between are still to come: apart from the others, and each marked. [CHECK-21] */
export function EarlyRows({ conversation, onGoTo }) {
  const { client, community, clock, nameOf, openMember } = useRoom();
  useEvents(community, ['blocks', 'early']);
  const { early: messages } = conversation;
  if (messages.length === 0) return null;
  const rows = rowsOf(messages.map((message, number) => ({ ...message, number })), { from: 0, to: messages.length, unreadFrom: null, changes: [], clock });
  return (
    <div class="early">
      <EarlyNote />
      {rows.map(({ message, day, first, last }) => {
        const mine = message.author === client.identity.account;
        const name = nameOf(message.author);
        return (
          <article key={message.id} data-early={message.id} class={`row ${mine ? 'mine' : 'theirs'} ${first ? 'first' : ''} ${last ? 'last' : ''}`} aria-label={`${name}, ${clock.time(message.time)}, ${EARLY.word}`}>
            {day !== null && <p class="note day"><span>{clock.day(day, Date.now())}</span></p>}
            <div class="said">
              {!mine && last && <Avatar account={message.author} name={client.nameOf(message.author)} size="s" />}
              <div class="bubble">
                {!mine && first && <button type="button" class={`author ${client.nameOf(message.author) ? '' : 'unnamed'}`} onClick={() => openMember(message.author)}>{name}</button>}
                {message.content?.replyTo && <Quote entry={message.content.replyTo} conversation={conversation} onGoTo={onGoTo} isActive />}
                <Words message={message}>
                  <time dateTime={machineTime(message.time)} title={clock.full(message.time)}>{clock.time(message.time)}</time>
                  <EarlySign />
                </Words>
              </div>
            </div>
          </article>
        );
      })}
    </div>
  );
}

function EarlyNote() {
  const { community } = useRoom();
  const { early, size } = community;
  if (!early) return null;
  return (
    <div class="early-note">
      <Icon name="partly" size={18} />
      <p><strong>{EARLY.title}</strong> {EARLY.text(size, early.to)}{early.more > 0 && ` ${EARLY.more(early.more)}`}</p>
    </div>
  );
}

/** The mark of a message that is shown before all in front of it is verified. */
export function EarlySign() {
  return <span class="sign" title={EARLY.mark}><Icon name="partly" size={16} /><span class="unseen">{EARLY.word}</span></span>;
}

/** What was said, and behind it, on the last line where there is room, when. */
function Words({ message, children }) {
  const { nameOf } = useRoom();
  const [whole, setWhole] = useState(false);
  if (!message.content) {
    const { redacted } = message;
    const told = redacted ? `Removed by ${nameOf(redacted.by) === 'You' ? 'you' : nameOf(redacted.by)}` : closedSentence(message.closed);
    return (
      <p class="line">
        <span class="closed"><Icon name={message.closed === 'no_wrap' ? 'lock' : 'none'} size={15} />{told}{redacted?.reason && <>: “<bdi>{redacted.reason}</bdi>”</>}</span>
        <span class="meta">{children}</span>
      </p>
    );
  }
  const { text } = message.content;
  const cut = text.length > LONG && !whole;
  return (
    <>
      {text.length > LONG && <button type="button" class="link" aria-expanded={whole} onClick={() => setWhole(!whole)}>{whole ? 'Show less' : 'Show all'}</button>}
      <p class="line" dir="auto"><span class="words">{cut ? `${text.slice(0, LONG)}…` : text}</span> <span class="meta">{children}</span></p>
    </>
  );
}

/** [ENC-9] What a message answers, where it is held. */
function Quote({ entry, conversation, onGoTo, isActive }) {
  const { community, nameOf } = useRoom();
  const [quoted, setQuoted] = useState(null);
  const [changed, again] = useState(0);
  const soon = useUnhurried(() => again((count) => count + 1));
  // [RED-6] What was removed is no longer quoted either.
  useListener(community, 'changed', ({ conversation: which }) => which.key === conversation.key && soon());
  useEffect(() => {
    let current = true;
    conversation.numberOf(entry)
      .then((number) => (number === null ? [] : conversation.messages(number, number + 1)))
      .then(([message]) => current && setQuoted(message ?? null), () => {});
    return () => { current = false; };
  }, [entry, conversation, changed]);
  if (!quoted) return null;
  return (
    <button type="button" class="quote" tabIndex={isActive ? 0 : -1} onClick={() => onGoTo(entry)}>
      <strong>{nameOf(quoted.author)}</strong>
      <span dir="auto">{quoted.content ? quoted.content.text.slice(0, 160) : closedSentence(quoted.closed)}</span>
    </button>
  );
}

/** How far a message on the chain has come by now. */
export function markOf(message, community) {
  return message.index < (community.checkpoint?.size ?? 0) ? 'checkpointed' : message.status;
}

/** The mark of a message of one's own. */
export function Sign({ state }) {
  const mark = MARKS[state];
  return <span class={`sign ${state}`} title={`${mark.word}: ${mark.text}`}><Icon name={ICONS[state]} size={16} /><span class="unseen">{mark.word}</span></span>;
}

/** A message that is not on the chain yet. */
export function OutgoingRow({ outgoing, onChoose }) {
  const { clock } = useRoom();
  const failed = outgoing.state === 'failed';
  return (
    <article class="row mine first last outgoing" aria-label={`You, ${MARKS[outgoing.state]?.word ?? ''}`}>
      <div class="said">
        <div class={`bubble ${failed ? 'failed' : ''}`}>
          <p class="line" dir="auto">
            <span class="words">{outgoing.text.slice(0, LONG)}</span>{' '}
            <span class="meta">
              <time dateTime={machineTime(outgoing.createdAt)}>{clock.time(outgoing.createdAt)}</time>
              {MARKS[outgoing.state] && <Sign state={outgoing.state} />}
            </span>
          </p>
          {failed && (
            <p class="failed-why">{sentence(outgoing)} <button type="button" class="link" onClick={() => onChoose({ outgoing })}>What now?</button></p>
          )}
        </div>
      </div>
    </article>
  );
}

/** Somebody came or went. */
export function ChangeNote({ change }) {
  const { community, nameOf } = useRoom();
  const who = nameOf(change.account);
  const isOwner = community.member(change.by)?.isAuthority;
  const by = isOwner ? 'the owner' : nameOf(change.by);
  const are = who === 'You' ? 'were' : 'was';
  return <p class="note change"><span>{who} {are} {change.what} by {by}</span></p>;
}
