// One conversation: who is in it, what was said, and where to write.

import { useCallback, useEffect, useState } from 'preact/hooks';
import { counted } from '../format.js';
import { useEvents, useHeading, useListener, useWhenStopped } from '../use.js';
import { sentence } from '../words.js';
import { useRoom } from './room.jsx';
import { Composer } from './composer.jsx';
import { MessageList } from './list.jsx';
import { MessageSheet } from './message-sheet.jsx';
import { Icon, IconButton } from './parts.jsx';
import { Strips } from './strips.jsx';

/** The middle; on a phone the whole screen. */
export function ConversationView({ conversation, onBack }) {
  const { community, narrow, side, titleOf } = useRoom();
  const Heading = narrow ? 'h1' : 'h2';
  useEvents(community, ['conversation', 'pending', 'roster']);
  const [replyTo, setReplyTo] = useState(null);
  const [chosen, setChosen] = useState(null);
  // [RED-6] What changed is not held here as it was.
  useListener(community, 'changed', ({ conversation: which, number }) => {
    if (which.key !== conversation.key) return;
    if (number === replyTo?.number) setReplyTo(null);
    const shown = chosen?.message?.number;
    if (shown === undefined) return;
    if (number === shown) setChosen(null);
    else if (number === null) reread(shown);
  });
  /** It may be any message that changed, and so the one in the sheet. */
  const reread = async (number) => {
    const [message] = await conversation.messages(number, number + 1).catch(() => []);
    setChosen((now) => (now?.message?.number === number && message ? { message } : now));
  };
  const closeSheet = useCallback(() => setChosen(null), []);
  useWhenStopped(community, closeSheet);
  // What failed and was sent after all, or thrown away, needs no decision any longer.
  const isDecided = chosen?.outgoing && !conversation.pending.some((one) => one.local === chosen.outgoing.local && one.state === 'failed');
  useEffect(() => {
    if (isDecided) closeSheet();
  }, [isDecided]);
  const { canSend, isPrivate } = conversation;
  const heading = useHeading(conversation.key, narrow);
  return (
    <main class="conversation" aria-label={titleOf(conversation)}>
      <header class="bar">
        {narrow && <IconButton icon="back" label="Back to the conversations" onClick={onBack} />}
        <div class="bar-text">
          <Heading ref={heading} tabIndex={-1}>{isPrivate && <Icon name="lock" size={16} />}{isPrivate ? titleOf(conversation) : 'Everyone'}</Heading>
          <p class="hint">{audience(conversation)}</p>
        </div>
        <IconButton icon="people" label="Members" onClick={() => side('members')} />
      </header>
      <Strips />
      <MessageList conversation={conversation} onChoose={setChosen} />
      {canSend === true
        ? <Composer conversation={conversation} replyTo={replyTo} onReplied={() => setReplyTo(null)} />
        : <p class="no-composer">{cannot(canSend, community)}</p>}
      {chosen && !isDecided && (
        <MessageSheet chosen={chosen} conversation={conversation} onReply={(message) => { setReplyTo(message); closeSheet(); }} onClose={closeSheet} />
      )}
    </main>
  );
}

function audience(conversation) {
  const who = counted(conversation.members.length, 'member');
  return `${conversation.isPrivate ? 'Private: ' : ''}${who} can read this`;
}

function cannot(code, community) {
  if (code === 'removed' && !community.isMember) return 'You cannot write here any more.';
  return sentence(code);
}
