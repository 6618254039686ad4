// One member: the name that one gives them here, how they came, and how to write to them alone.

import { useState } from 'preact/hooks';
import { groupedId, machineTime } from '../format.js';
import { useEvents, useWork } from '../use.js';
import { useRoom } from './room.jsx';
import { Avatar, CopyButton, Dialog, Field, Problem } from './parts.jsx';

/** Opened from the members, or from a message's author. */
export function MemberSheet({ account, onClose }) {
  const { client, community, nameOf, open } = useRoom();
  useEvents(community, ['roster', 'card']);
  const member = community.member(account);
  const own = account === client.identity.account;
  const [name, setName] = useState(client.nameOf(account) ?? '');
  const [busy, problem, run] = useWork();
  const [shared, setShared] = useState(false);
  const rename = (event) => {
    event.preventDefault();
    run(async () => {
      await client.rename(account, name.trim() || null);
      onClose();
    });
  };
  const write = () => run(async () => {
    const conversation = await community.conversationWith([account]);
    onClose();
    open(conversation.key);
  });
  const share = () => run(async () => {
    await community.everyone.share(account);
    setShared(true);
  });
  const canWrite = !own && member?.isMember && community.isMember;
  return (
    <Dialog title={own ? 'You' : nameOf(account)} onClose={onClose}>
      <div class="member-card">
        <Avatar account={account} name={own ? null : client.nameOf(account)} size="l" />
        <div>
          <p class="id">{groupedId(account)}</p>
          <CopyButton text={account} label="Copy the id" class="link" />
        </div>
      </div>
      {!own && (
        <form onSubmit={rename}>
          <Field label="What you call them" hint="Only you see this name. Compare the id with them first, by another way: anybody can claim to be anybody.">
            {(field) => <input {...field} type="text" autoComplete="off" value={name} onInput={(event) => setName(event.target.value)} />}
          </Field>
          <Problem of={problem} />
          <div class="buttons"><button type="submit" class="button primary" disabled={busy}>Keep the name</button></div>
        </form>
      )}
      {canWrite && (
        <div class="buttons">
          <button type="button" class="button" disabled={busy || !member.hasCard} onClick={write}>Write privately</button>
          {!shared && <button type="button" class="button" disabled={busy || !member.hasCard} onClick={share}>Let them read the past</button>}
        </div>
      )}
      {canWrite && !member.hasCard && <p class="hint">They have not opened the community yet, so nothing can be encrypted for them.</p>}
      <p class="hint" role="status">{shared && 'They can now read what was said to everyone before they came, as far as you can.'}</p>
      <h3>How they came</h3>
      <History member={member} />
    </Dialog>
  );
}

function History({ member }) {
  const { community, clock, nameOf } = useRoom();
  if (!member) return <p class="hint">Not a member of this community.</p>;
  return (
    <ol class="history">
      {member.history.map((change) => (
        <li key={change.index}>
          {change.index === 0 ? 'Founded the community' : `${change.what === 'added' ? 'Added' : 'Removed'} by ${community.member(change.by)?.isAuthority ? 'the owner' : nameOf(change.by)}`}
          <span class="hint"><time dateTime={machineTime(change.time)}>{clock.full(change.time)}</time>, block {change.index.toLocaleString('en')}</span>
        </li>
      ))}
    </ol>
  );
}
