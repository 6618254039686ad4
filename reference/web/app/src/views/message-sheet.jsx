// What can be done with one message, and all that is known about it.

import { useState } from 'preact/hooks';
import { useEvents, useWork } from '../use.js';
import { MARKS, sentence } from '../words.js';
import { useRoom } from './room.jsx';
import { markOf } from './message.jsx';
import { CopyButton, Dialog, Field, Icon, Problem } from './parts.jsx';

const REASON = 512;

/** Which messages this page has asked to be removed. */
const asked = new Set();

/** `chosen` holds a `message` on the chain, or an `outgoing` that failed. */
export function MessageSheet({ chosen, conversation, onReply, onClose }) {
  if (chosen.outgoing) return <Failed outgoing={chosen.outgoing} onClose={onClose} />;
  return <OnTheChain message={chosen.message} conversation={conversation} onReply={onReply} onClose={onClose} />;
}

function OnTheChain({ message, conversation, onReply, onClose }) {
  const { client, community, clock, nameOf } = useRoom();
  useEvents(community, ['checkpoint', 'roster', 'pending']);
  const [removing, setRemoving] = useState(false);
  const mine = message.author === client.identity.account;
  const mayRemove = (mine || community.isAuthority) && community.isMember && !message.redacted && message.closed !== 'redacted';
  const removal = asked.has(message.id) && community.pending.some((one) => one.kind === 'redaction' && one.state !== 'failed');
  if (removing && mayRemove && !removal) return <Removal message={message} onClose={onClose} />;
  return (
    <Dialog title={mine ? 'Your message' : `Message by ${nameOf(message.author)}`} onClose={onClose}>
      <div class="buttons stacked">
        {message.content && conversation.canSend === true && (
          <button type="button" class="button" onClick={() => onReply(message)}><Icon name="reply" size={18} />Reply</button>
        )}
        {message.content && <CopyButton text={message.content.text} label="Copy the text" />}
        {mayRemove && !removal && <button type="button" class="button danger" onClick={() => setRemoving(true)}>Remove for everyone…</button>}
        {removal && <p class="hint">It is being removed.</p>}
      </div>
      <dl class="facts">
        <dt>On the chain</dt><dd>block {message.index.toLocaleString('en')}, {clock.full(message.time)} by the server’s clock</dd>
        <dt>Written</dt><dd>{clock.full(message.sentAt)} by the author’s clock</dd>
        <dt>Mark</dt><dd>{MARKS[markOf(message, community)].text}</dd>
        {message.redacted && <><dt>Removed</dt><dd>{clock.full(message.redacted.time)} by {nameOf(message.redacted.by)}</dd></>}
        <dt>Entry</dt><dd class="id">{message.id}</dd>
      </dl>
    </Dialog>
  );
}

function Removal({ message, onClose }) {
  const { community } = useRoom();
  const [reason, setReason] = useState('');
  const [busy, problem, run] = useWork();
  const remove = (event) => {
    event.preventDefault();
    run(async () => {
      await community.redact(message.index, reason);
      asked.add(message.id);
      onClose();
    });
  };
  return (
    <Dialog title="Remove this message" onClose={onClose}>
      <form onSubmit={remove}>
        <p>Its words are deleted on the server and on every member’s device. That it was there, and that it was removed, stays to be seen. Who has read it has read it.</p>
        <Field label="A reason, if you like" hint="Everybody can read it, and it can never be removed.">
          {(field) => <input {...field} type="text" maxLength={REASON / 4} value={reason} onInput={(event) => setReason(event.target.value)} />}
        </Field>
        <Problem of={problem} />
        <div class="buttons">
          <button type="submit" class="button danger" disabled={busy}>Remove</button>
          <button type="button" class="button" onClick={onClose}>Keep it</button>
        </div>
      </form>
    </Dialog>
  );
}

function Failed({ outgoing, onClose }) {
  const { community } = useRoom();
  const [busy, problem, run] = useWork();
  const then = (work) => () => run(async () => {
    await work();
    onClose();
  });
  return (
    <Dialog title="Not sent" onClose={onClose}>
      <p>{sentence(outgoing)}</p>
      <p class="hint">The server’s answer: {outgoing.code}</p>
      <Problem of={problem} />
      <div class="buttons stacked">
        <button type="button" class="button primary" disabled={busy} onClick={then(() => community.retry(outgoing.local))}>Send it again</button>
        {outgoing.text !== null && <CopyButton text={outgoing.text} label="Copy the text" />}
        <button type="button" class="button danger" disabled={busy} onClick={then(() => community.discard(outgoing.local))}>Throw it away</button>
      </div>
    </Dialog>
  );
}
