// The list of conversations, with what was said last and what is unread.

import { useEffect, useState } from 'preact/hooks';
import { counted, machineTime } from '../format.js';
import { useEvents, useListener, useNow, useUnhurried } from '../use.js';
import { closedSentence } from '../words.js';
import { useRoom } from './room.jsx';
import { EarlySign } from './message.jsx';
import { Avatar, Icon, IconButton } from './parts.jsx';
import { Mark } from './page.jsx';
import { Warning } from './strips.jsx';

/** The left side; on a phone the first screen. */
export function Sidebar({ current, onNew }) {
  const { client, community, narrow, side } = useRoom();
  const Side = narrow ? 'main' : 'nav';
  useEvents(community, ['state', 'finding', 'early']);
  const { account } = client.identity;
  return (
    <Side class="sidebar" aria-label="Conversations">
      <header class="bar">
        <Mark />
        <h1>{community.name ?? 'dispatch-d'}</h1>
        <IconButton icon="pen" label="New private conversation" onClick={onNew} />
      </header>
      {narrow && community.state.name === 'stopped' && (
        <Warning finding={community.state.finding} onAgain={() => community.wake()} onMore={() => side('you')} />
      )}
      <ul class="conversations">
        {community.conversations.map((conversation) => (
          <Entry key={conversation.key} conversation={conversation} isCurrent={conversation.key === current?.key} />
        ))}
      </ul>
      <button type="button" class="own" onClick={() => side('you')}>
        <Avatar account={account} name={null} />
        <span class="own-text"><strong>You</strong><Connection state={community.state} /></span>
        {!client.backupIsCurrent && client.backup && <span class="dot" title="Your backup is not up to date"><span class="unseen">Your backup is not up to date.</span></span>}
      </button>
    </Side>
  );
}

function Connection({ state }) {
  const [tone, word] = {
    open: ['good', 'Connected'],
    syncing: ['wait', 'Catching up'],
    connecting: ['wait', 'Connecting'],
    joining: ['wait', 'Connecting'],
    waiting: ['wait', 'Not connected'],
    refused: ['bad', 'Not let in'],
    stopped: ['bad', 'Stopped: does not verify'],
    offline: ['wait', 'Offline'],
  }[state.name] ?? ['wait', state.name];
  return <span class={`connection ${tone}`}>{word}</span>;
}

function Entry({ conversation, isCurrent }) {
  const { community, clock, open, titleOf } = useRoom();
  const verified = useLast(conversation, community);
  const early = conversation.early.at(-1);
  const last = early ?? verified;
  const now = useNow(60_000);
  const title = titleOf(conversation);
  return (
    <li>
      <button type="button" class="entry" aria-current={isCurrent ? 'true' : undefined} onClick={() => open(conversation.key)}>
        {conversation.isPrivate
          ? <span class="avatar m private" aria-hidden="true"><Icon name="lock" size={18} /></span>
          : <span class="avatar m everyone" aria-hidden="true"><Icon name="people" size={20} /></span>}
        <span class="entry-text">
          <span class="entry-head">
            <span class="entry-title">{conversation.isPrivate ? title : 'Everyone'}</span>
            {last && <time dateTime={machineTime(last.time)}>{clock.brief(last.time, now)}</time>}
          </span>
          <span class="entry-foot">
            <span class="entry-last">{conversation.isPrivate && <span class="unseen">Private. </span>}{early && <EarlySign />}{last ? <Said message={last} /> : 'Nothing was said yet'}</span>
            {conversation.unread > 0 && (
              <span class="unread"><span aria-hidden="true">{conversation.unread > 999 ? '999+' : conversation.unread}</span><span class="unseen">{counted(conversation.unread, 'unread message')}</span></span>
            )}
          </span>
        </span>
      </button>
    </li>
  );
}

function Said({ message }) {
  const { nameOf } = useRoom();
  const words = message.content ? message.content.text.slice(0, 120) : closedSentence(message.closed);
  return <>{nameOf(message.author)}: {words}</>;
}

/** The last message of a conversation, read again when it changed. */
function useLast(conversation, community) {
  const [last, setLast] = useState(null);
  const [changed, again] = useState(0);
  const soon = useUnhurried(() => again((count) => count + 1));
  useListener(community, 'changed', ({ conversation: which }) => which.key === conversation.key && soon());
  useEffect(() => {
    let current = true;
    const { count } = conversation;
    if (count === 0) {
      setLast(null);
      return undefined;
    }
    conversation.messages(count - 1, count).then(([message]) => current && setLast(message ?? null), () => {});
    return () => { current = false; };
  }, [conversation, conversation.count, changed]);
  return last;
}
