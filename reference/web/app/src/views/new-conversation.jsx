// A private conversation: among those who are chosen, and nobody else.

import { useState } from 'preact/hooks';
import { useEvents, useWork } from '../use.js';
import { NO_MEMBER } from '../words.js';
import { useRoom } from './room.jsx';
import { Avatar, Dialog, Problem } from './parts.jsx';

/** Chooses its members. */
export function NewConversation({ onClose }) {
  const { client, community, nameOf, open } = useRoom();
  useEvents(community, ['roster', 'card']);
  const [chosen, setChosen] = useState(() => new Set());
  const [busy, problem, run] = useWork();
  const others = community.members.filter((member) => member.isMember && member.account !== client.identity.account);
  // Whoever was removed meanwhile is chosen no longer.
  const wanted = others.filter((member) => member.hasCard && chosen.has(member.account)).map((member) => member.account);
  const toggle = (account) => setChosen((now) => {
    const next = new Set(now);
    if (!next.delete(account)) next.add(account);
    return next;
  });
  const begin = (event) => {
    event.preventDefault();
    run(async () => {
      const conversation = await community.conversationWith(wanted);
      onClose();
      open(conversation.key);
    });
  };
  return (
    <Dialog title="New private conversation" onClose={onClose}>
      <form onSubmit={begin}>
        <p class="hint">Only those whom you choose can read it. That they talk, everybody in the community can see; what they say, nobody else can.</p>
        <fieldset class="choices">
          <legend>With whom?</legend>
          {others.map((member) => (
            <label key={member.account} class={`choice ${member.hasCard ? '' : 'unable'}`}>
              <input type="checkbox" checked={chosen.has(member.account)} disabled={!member.hasCard} onChange={() => toggle(member.account)} />
              <Avatar account={member.account} name={client.nameOf(member.account)} size="s" />
              <span>{nameOf(member.account)}{member.isAuthority && <span class="hint"> owner</span>}{!member.hasCard && <span class="hint"> has not been here yet</span>}</span>
            </label>
          ))}
          {others.length === 0 && <p class="hint">Nobody else is here yet.</p>}
        </fieldset>
        {!community.isMember && <p class="problem" role="alert">{NO_MEMBER}</p>}
        <Problem of={problem} />
        <div class="buttons">
          <button type="submit" class="button primary" disabled={busy || wanted.length === 0 || !community.isMember}>Begin</button>
          <button type="button" class="button" onClick={onClose}>Cancel</button>
        </div>
      </form>
    </Dialog>
  );
}
