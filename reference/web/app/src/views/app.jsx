// What is shown: the first step that is not done yet, and the chat once all are.

import { useEffect, useErrorBoundary, useMemo, useReducer, useState } from 'preact/hooks';
import { backupIsKept, invitationIn, lastCommunity, open, rememberBackup, rememberCommunity } from '../opening.js';
import { useEvents, useListener } from '../use.js';
import { UNABLE, sentence } from '../words.js';
import { Chat } from './chat.jsx';
import { FirstRun, KeepBackup } from './first-run.jsx';
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
  if (!opened) return <p class="opening" role="status">Opening…</p>;
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
  const [, again] = useReducer((count) => count + 1, 0);
  const [problem, setProblem] = useState(null);
  const invitation = useMemo(() => invitationIn(fragment), [fragment]);
  const ready = client.identity !== null;

  const accept = async (invited) => {
    try {
      const community = await client.join(invited); // [INV-2]
      rememberCommunity(community.id);
      clear();
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => {
    setProblem(null);
    if (ready && invitation?.community) accept(invitation);
  }, [ready, invitation]);

  if (!ready) return <FirstRun client={client} invitation={invitation} onRestore={setKept} />;
  if (!kept) return <KeepBackup client={client} onDone={() => { rememberBackup(client); setKept(true); }} />;
  if (problem || invitation?.problem) {
    return <NoInvitation problem={problem ?? invitation.problem} onInvitation={accept} onBack={client.communities.length > 0 ? clear : null} />;
  }
  if (invitation) return <p class="opening" role="status">Opening…</p>;
  const community = lastCommunity(client);
  if (!community) return <NoInvitation problem={null} onInvitation={accept} onBack={null} />;
  return <Joined key={community.id} client={client} community={community} onOther={again} />;
}

/** A community that this device was invited to: the door until the first block has come, then the rooms. */
function Joined({ client, community, onOther }) {
  useEvents(community, ['state']);
  const [begun, begin] = useState(community.size > 0);
  useListener(community, 'blocks', () => begin(true));
  useEffect(() => {
    community.connect();
  }, [community]);
  if (!begun) return <WaitingRoom client={client} community={community} />;
  return <Chat client={client} community={community} onOther={onOther} />;
}
