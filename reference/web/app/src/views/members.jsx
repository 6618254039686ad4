// Who is in the community, and who was: everybody can see who let whom in.

import { counted } from '../format.js';
import { useEvents, useHeading } from '../use.js';
import { Part, useRoom } from './room.jsx';
import { Avatar, IconButton } from './parts.jsx';

/** The right side. */
export function Members({ conversation, onClose }) {
  const { client, community, narrow } = useRoom();
  // On a phone this is the whole screen.
  const [Side, Heading] = narrow ? ['main', 'h1'] : ['aside', 'h2'];
  useEvents(community, ['roster', 'card']);
  const heading = useHeading('members');
  const own = client.identity.account;
  const order = (one, two) => (two.account === own) - (one.account === own) || two.isAuthority - one.isAuthority;
  const present = community.members.filter((member) => member.isMember).sort(order);
  const gone = community.members.filter((member) => !member.isMember);
  const readers = new Set(conversation.members);
  return (
    <Side class="side" aria-label="Members">
      <header class="bar">
        <Heading ref={heading} tabIndex={-1}>Members</Heading>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      <div class="side-body">
        {conversation.isPrivate && <p class="hint">Those with a dot read this private conversation.</p>}
        <Part>{counted(present.length, 'member')}</Part>
        <ul class="members">
          {present.map((member) => <Line key={member.account} member={member} reads={conversation.isPrivate && readers.has(member.account)} />)}
        </ul>
        {gone.length > 0 && (
          <>
            <Part>No longer members</Part>
            <ul class="members gone">{gone.map((member) => <Line key={member.account} member={member} reads={false} />)}</ul>
          </>
        )}
        <p class="hint">The owner decides who is a member. Every change stands in the history, signed by the owner, for all to see.</p>
      </div>
    </Side>
  );
}

function Line({ member, reads }) {
  const { client, clock, nameOf, openMember } = useRoom();
  const named = client.nameOf(member.account);
  const last = member.history.at(-1);
  const about = [];
  if (member.isAuthority) about.push('owner');
  if (member.isMember && !member.hasCard) about.push('has not been here yet');
  if (last && last.index > 0) about.push(`${last.what} ${clock.when(last.time, Date.now())}`);
  return (
    <li>
      <button type="button" class="member" onClick={() => openMember(member.account)}>
        <Avatar account={member.account} name={named} />
        <span class="member-text">
          <span class={`member-name ${named || nameOf(member.account) === 'You' ? '' : 'unnamed'}`}>{nameOf(member.account)}</span>
          <span class="hint">{about.join(' · ')}</span>
        </span>
        {reads && <span class="dot good"><span class="unseen">reads this conversation</span></span>}
      </button>
    </li>
  );
}
