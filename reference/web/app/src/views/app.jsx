// What is shown: the first step that is not done yet, and the chat once all are.

import { useEffect, useErrorBoundary, useMemo, useState } from 'preact/hooks';
import { backupIsKept, invitationIn, lastCommunity, open, rememberBackup, rememberCommunity } from '../opening.js';
import { useEvents, useListener } from '../use.js';
import { OPENING, UNABLE, sentence } from '../words.js';
import { Chat } from './chat.jsx';
import { FirstRun, KeepBackup } from './first-run.jsx';
import { Invited } from './invited.jsx';
import { NoInvitation } from './no-invitation.jsx';
import { Page } from './page.jsx';
import { WaitingRoom } from './waiting-room.jsx';

/** The whole app. */
export function App() {
  const [opened, setOpened] = useState(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    setOpened(null);
    open().then(
      (client) => current && setOpened({ client }),
      (problem) => current && setOpened({ problem }),
    );
    return () => { current = false; };
  }, [attempt]);
  const [broken] = useErrorBoundary((error) => console.error(error));
  if (broken) return <Broken />;
  if (!opened) return <p class="opening" role="status">{OPENING}</p>;
  if (opened.problem) return <Unable problem={opened.problem} onAgain={() => setAttempt(attempt + 1)} />;
  return <Opened client={opened.client} />;
}

/** The app has a fault: what is kept is safe, and a reload begins anew. */
function Broken() {
  return (
    <Page title="Something broke in this page" icon="alert">
      <p>That is a fault of the app and not of yours. What you wrote and your key are safe in this browser.</p>
      <p><button type="button" class="button primary" onClick={() => location.reload()}>Reload the page</button></p>
    </Page>
  );
}

/** Nothing works here, and why. */
function Unable({ problem, onAgain }) {
  const about = UNABLE[problem.code] ?? { title: 'The app did not open', text: sentence(problem) };
  return (
    <Page title={about.title} icon="alert">
      <p>{about.text}</p>
      {problem.code !== 'no_webcrypto' && (
        <p><button type="button" class="button primary" onClick={onAgain}>Try again</button></p>
      )}
    </Page>
  );
}

/** The page's own fragment, which may hold an invitation. */
function useFragment() {
  const [fragment, setFragment] = useState(location.hash);
  useEffect(() => {
    const look = () => setFragment(location.hash);
    addEventListener('hashchange', look);
    return () => removeEventListener('hashchange', look);
  }, []);
  const clear = () => {
    history.replaceState(history.state, '', '/');
    setFragment('');
  };
  return [fragment, clear];
}

function Opened({ client }) {
  useEvents(client, ['identity', 'communities', 'backup']);
  const [fragment, clear] = useFragment();
  // Asked once, after the first run; that the backup is old later on is said where it is renewed.
  const [kept, setKept] = useState(() => client.identity !== null && backupIsKept(client));
  const [pasted, paste] = useState(null);
  const [chosen, choose] = useState(null);
  const linked = useMemo(() => invitationIn(fragment), [fragment]);
  useEffect(() => paste(null), [fragment]);
  const invitation = pasted ?? linked;
  const ready = client.identity !== null && kept;
  const known = invitation?.community && client.communities.find((one) => one.id === invitation.community);
  const isThere = known?.origin === invitation?.origin;

  const done = (community = null) => {
    if (community) choose(community);
    paste(null);
    clear();
  };
  // A link to where one is already simply leads there.
  useEffect(() => {
    if (ready && known && isThere) done(known);
  }, [ready, known, isThere]);

  if (!client.identity) return <FirstRun client={client} invitation={invitation} onRestore={setKept} />;
  if (!kept) return <KeepBackup client={client} onDone={() => { rememberBackup(client); setKept(true); }} />;
  if (known && isThere) return <p class="opening" role="status">{OPENING}</p>;
  if (invitation?.community) {
    return <Invited key={invitation.text} invitation={invitation} before={known?.origin} onJoin={async () => done(await client.join(invitation))} onLater={() => done()} />; // [INV-2]
  }
  const community = client.communities.includes(chosen) ? chosen : lastCommunity(client);
  if (invitation || !community) return <NoInvitation problem={invitation?.problem ?? null} onInvitation={paste} onBack={community ? clear : null} />;
  return <Joined key={community.id} client={client} community={community} onOther={choose} />;
}

/** A community that this device was invited to: the door until the first block has come, then the rooms. */
function Joined({ client, community, onOther }) {
  useEvents(community, ['state']);
  const [begun, begin] = useState(community.size > 0);
  useListener(community, 'blocks', () => begin(true));
  useEffect(() => {
    community.connect();
  }, [community]);
  useEffect(() => rememberCommunity(community), [community, community.name]);
  if (!begun) return <WaitingRoom client={client} community={community} />;
  return <Chat client={client} community={community} onOther={onOther} />;
}
