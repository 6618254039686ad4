// The rooms: conversations on the left, the open one, and the members or oneself on the right. On a phone one of them at a time.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Announcer } from '../announcer.js';
import { Clock, shortId } from '../format.js';
import { useEvents, useListener, useMedia, useWhenStopped } from '../use.js';
import { ConversationView } from './conversation.jsx';
import { MemberSheet } from './member-sheet.jsx';
import { Members } from './members.jsx';
import { NewConversation } from './new-conversation.jsx';
import { Room, titleOf } from './room.jsx';
import { Sidebar } from './sidebar.jsx';
import { You } from './you.jsx';

/** A community whose chain has begun to come in. */
export function Chat({ client, community, onOther }) {
  useEvents(client, ['names']);
  useEvents(community, ['roster', 'conversation', 'card', 'finding']);
  const narrow = useMedia('(max-width: 759px)');
  const [place, go] = usePlace(community, narrow);
  const [member, setMember] = useState(null);
  const [writing, setWriting] = useState(false);
  useWhenStopped(community, () => {
    setMember(null);
    setWriting(false);
  });
  const status = useRef(null);
  const room = useMemo(() => ({
    client, community, narrow, clock: new Clock(),
    openMember: setMember,
    open: (key) => go({ conversation: key, side: null }),
    side: (side) => go((now) => ({ ...now, side })),
    nameOf: (account) => (account === client.identity.account ? 'You' : client.nameOf(account) ?? shortId(account)),
    titleOf: (conversation) => titleOf(conversation, client, community),
  }), [client, community, narrow]);

  const announcer = useMemo(() => new Announcer((text) => {
    if (status.current) status.current.textContent = text;
  }), []);
  useListener(community, 'message', ({ conversation, message }) => {
    if (message.author === client.identity.account) return;
    announcer.message(room.nameOf(message.author), room.titleOf(conversation), message.content?.text ?? 'a message that cannot be read here');
  });

  useListener(community, 'changed', () => announcer.forget()); // [RED-6]

  const unread = community.conversations.reduce((sum, one) => sum + one.unread, 0);
  const name = community.name ?? 'dispatch-d';
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }, [unread, name]);

  const conversation = (place.conversation && community.conversation(place.conversation)) || (narrow ? null : community.everyone);
  const shown = narrow ? (place.side ? 'side' : conversation ? 'main' : 'list') : 'all';
  return (
    <Room.Provider value={room}>
      <div class={`chat shows-${shown} ${place.side ? 'with-side' : ''}`}>
        {shown !== 'main' && shown !== 'side' && (
          <Sidebar current={conversation} onNew={() => setWriting(true)} />
        )}
        {(shown === 'all' || shown === 'main') && conversation && (
          <ConversationView key={conversation.key} conversation={conversation} onBack={() => history.back()} />
        )}
        {place.side === 'members' && (
          <Members conversation={conversation ?? community.everyone} onClose={() => history.back()} />
        )}
        {place.side === 'you' && <You onClose={() => history.back()} onOther={onOther} />}
      </div>
      {member && <MemberSheet account={member} onClose={() => setMember(null)} />}
      {writing && <NewConversation onClose={() => setWriting(false)} />}
      <div class="unseen" role="status" ref={status} />
    </Room.Provider>
  );
}

/** Where one is, as the browser's own history: Back closes what was opened last. Kept over a reload. */
function usePlace(community, narrow) {
  const initial = history.state?.community === community.id ? history.state.place : { conversation: narrow ? null : 'everyone', side: null };
  const [place, setPlace] = useState(initial);
  const latest = useRef(place);
  latest.current = place;
  // What opened the side gets the keyboard back when it closes.
  const opener = useRef(null);
  useEffect(() => {
    if (place.side === null && document.activeElement === document.body && opener.current?.isConnected) opener.current.focus();
  }, [place.side]);
  useEffect(() => {
    const back = (event) => {
      setPlace(event.state?.community === community.id ? event.state.place : { conversation: null, side: null });
    };
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, [community]);
  const go = (to) => {
    const next = typeof to === 'function' ? to(latest.current) : to;
    const same = next.conversation === latest.current.conversation && next.side === latest.current.side;
    if (same) return;
    if (next.side !== null) opener.current = document.activeElement;
    // Another panel takes the first one's place, so that one Back closes it.
    const instead = latest.current.side !== null && next.side !== null;
    history[instead ? 'replaceState' : 'pushState']({ community: community.id, place: next }, '');
    latest.current = next;
    setPlace(next);
  };
  return [place, go];
}
