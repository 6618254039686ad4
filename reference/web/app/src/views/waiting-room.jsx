// The door: invited, and not let in yet. Shows what to hand to the owner, and asks again by itself.

import { useState } from 'preact/hooks';
import { save } from '../files.js';
import { lasting } from '../format.js';
import { useNow, useOnline, useWork } from '../use.js';
import { findingSentence, sentence, stripOf } from '../words.js';
import { IdentityCard } from './identity-card.jsx';
import { Icon, Problem } from './parts.jsx';
import { Page } from './page.jsx';

const BEFORE_THE_DOOR = ['not_allowed', 'removed'];

/** Until the first block of the community has come. */
export function WaitingRoom({ client, community }) {
  const { state } = community;
  if (state.name === 'stopped') return <WrongPlace client={client} community={community} />;
  if (state.name === 'refused' && BEFORE_THE_DOOR.includes(state.code)) return <Door client={client} community={community} />;
  return <Reaching community={community} />;
}

function Door({ client, community }) {
  const { state } = community;
  const now = useNow(1000);
  const wait = state.retryAt ? Math.max(0, state.retryAt - now) : null;
  return (
    <Page title="Almost there">
      <p class="lead">The owner of the community at <strong>{location.host}</strong> has to let you in. Send them your key; it is no secret.</p>
      <IdentityCard client={client} />
      <p class="waiting" role="status"><span class="pulse" aria-hidden="true" />Not on the list yet. This page asks again by itself.</p>
      {wait !== null && <p class="hint" aria-hidden="true">Next time in {lasting(wait)}</p>}
      <button type="button" class="button" onClick={() => community.wake()}>Ask now</button>
    </Page>
  );
}

function Reaching({ community }) {
  const { state } = community;
  const online = useOnline();
  const now = useNow(1000, state.name === 'waiting');
  const strip = stripOf(state, { online, now, name: 'the community' });
  return (
    <Page title={strip ? 'Not reached yet' : 'Reaching the community'}>
      <p class="lead" role="status">{strip ? first(strip.text) : `Asking ${location.host} who it is, and proving who you are…`}</p>
      {strip && <button type="button" class="button primary" onClick={() => community.wake()}>{strip.action ?? 'Try now'}</button>}
    </Page>
  );
}

/** Nothing can be written before the door: the sentences about that are left out. */
function first(text) {
  return text.replace(' What you write is kept and sent later.', '').replace(' You can read and write; what you write is sent when you are back.', '');
}

/** The server holds another community than the invitation names, or failed to prove itself. */
function WrongPlace({ client, community }) {
  const [busy, problem, run] = useWork();
  const [asked, ask] = useState(false);
  const { finding } = community.state;
  return (
    <Page title={finding.code === 'wrong_genesis' ? 'This is another community' : 'This does not verify'} icon="alert">
      <p class="lead">{findingSentence(finding.code)}</p>
      <p>Nothing of it was taken, and nothing of yours was sent but your public key. Ask whoever invited you for a new link, by another way than this one.</p>
      <p class="hint">{sentence(finding)} ({finding.code})</p>
      <div class="buttons">
        {finding.evidence && <button type="button" class="button primary" onClick={() => save('dispatch-d-evidence.json', finding.evidence)}>Save the evidence</button>}
        <button type="button" class="button" onClick={() => community.wake()}>Try again</button>
        {asked
          ? <button type="button" class="button danger" disabled={busy} onClick={() => run(() => client.leave(community.id))}>Yes, forget this invitation</button>
          : <button type="button" class="button" onClick={() => ask(true)}>Forget this invitation</button>}
      </div>
      <Problem of={problem} />
      <p class="hint"><Icon name="key" size={16} /> Your key stays on this device.</p>
    </Page>
  );
}
