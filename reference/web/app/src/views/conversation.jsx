// One conversation: who is in it, what was said, and where to write.

import { useCallback, useState } from 'preact/hooks';
import { counted } from '../format.js';
import { useEvents, useHeading, useListener } from '../use.js';
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
    if (number !== null && number === chosen?.message?.number) setChosen(null);
  });
  const closeSheet = useCallback(() => setChosen(null), []);
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
      {chosen && (
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
