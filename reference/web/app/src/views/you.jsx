// Oneself: id and key, the backup, what the browser keeps, the invitation to hand on, and what was verified.

import { useEffect, useState } from 'preact/hooks';
import { rememberBackup } from '../opening.js';
import { save } from '../files.js';
import { groupedId, machineTime } from '../format.js';
import { useEvents, useHeading, useWork } from '../use.js';
import { findingSentence, sentence } from '../words.js';
import { Part, useRoom } from './room.jsx';
import { saveBackup } from './first-run.jsx';
import { IdentityCard } from './identity-card.jsx';
import { CopyButton, Field, IconButton, Problem, QrCode } from './parts.jsx';

/** The right side. */
export function You({ onClose, onOther }) {
  const { client, community, narrow } = useRoom();
  // On a phone this is the whole screen.
  const [Side, Heading] = narrow ? ['main', 'h1'] : ['aside', 'h2'];
  useEvents(client, ['backup', 'communities', 'names']);
  useEvents(community, ['state', 'checkpoint', 'finding']);
  const heading = useHeading('you');
  return (
    <Side class="side" aria-label="You">
      <header class="bar">
        <Heading ref={heading} tabIndex={-1}>You</Heading>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      <div class="side-body">
        {community.findings.length > 0 && <Findings findings={community.findings} />}
        <IdentityCard client={client} />
        <Backup client={client} />
        <Kept />
        <section>
          <Part>Invite somebody</Part>
          <p class="hint">The link names this community, so that nobody can put another in its place. It admits nobody: the owner does.</p>
          <QrCode text={community.invitation.text} label={`The invitation as a QR code: ${community.invitation.text}`} />
          <div class="buttons"><CopyButton text={community.invitation.text} label="Copy the invitation" /></div>
        </section>
        <Verified community={community} />
        <Communities client={client} community={community} onOther={onOther} />
      </div>
    </Side>
  );
}

function Backup({ client }) {
  const { clock } = useRoom();
  const [passphrase, setPassphrase] = useState('');
  const [busy, problem, run] = useWork();
  const [told, tell] = useState('');
  if (!client.backup) return <section><Part>Backup</Part><p class="hint">{sentence('no_backup')}</p></section>;
  const renew = (event) => {
    event.preventDefault();
    run(async () => {
      await client.renewBackup(passphrase);
      rememberBackup(client);
      saveBackup(client);
      setPassphrase('');
      tell('Made anew, and saved. Put it in the old one’s place.');
    });
  };
  return (
    <section>
      <Part>Backup</Part>
      <p class="hint">
        Made {clock.full(client.backup.made_at)}. {client.backupIsCurrent
          ? 'It holds your key, your communities and the names that you gave.'
          : 'It holds your key, but not all communities and names that you have by now.'}
      </p>
      <div class="buttons"><button type="button" class="button" onClick={() => { saveBackup(client); rememberBackup(client); }}>Save the backup file</button></div>
      <form onSubmit={renew}>
        <Field label="Make it anew, with all that you have now" hint="With the passphrase that you chose when the key was made.">
          {(field) => <input {...field} type="password" autoComplete="current-password" value={passphrase} onInput={(event) => setPassphrase(event.target.value)} />}
        </Field>
        <Problem of={problem} />
        <p class="hint" role="status">{told}</p>
        <div class="buttons"><button type="submit" class="button" disabled={busy || passphrase === ''}>{busy ? 'Making it…' : 'Make it anew'}</button></div>
      </form>
    </section>
  );
}

/** What the browser promises to keep. */
function Kept() {
  const [persisted, setPersisted] = useState(null);
  useEffect(() => {
    navigator.storage?.persisted?.().then(setPersisted, () => {});
  }, []);
  const ask = async () => setPersisted(await navigator.storage.persist());
  return (
    <section>
      <Part>On this device</Part>
      {persisted
        ? <p class="hint">The browser keeps your key and history until you clear them.</p>
        : (
          <>
            <p class="hint">The browser may clear your key and history when room runs short. Ask it to keep them; and keep your backup.</p>
            <div class="buttons"><button type="button" class="button" onClick={ask}>Ask the browser to keep them</button></div>
            <p class="hint" role="status">{persisted === false && 'Not granted so far. Browsers grant it to sites that are visited often, bookmarked or installed.'}</p>
          </>
        )}
    </section>
  );
}

function Verified({ community }) {
  const { clock } = useRoom();
  const { checkpoint } = community;
  return (
    <section>
      <Part>What was verified</Part>
      <p class="hint">Every block from the first on: its signature, its place, and that nothing was left out. Compare the head with another member to know that you see the same.</p>
      <dl class="facts">
        <dt>Blocks</dt><dd>{community.size.toLocaleString('en')}</dd>
        <dt>Head</dt><dd class="id">{groupedId(community.head)}</dd>
        <dt>Signed for by the server</dt><dd>{checkpoint ? <>{checkpoint.size.toLocaleString('en')} blocks, <time dateTime={machineTime(checkpoint.time)}>{clock.full(checkpoint.time)}</time></> : 'nothing yet'}</dd>
        <dt>Community</dt><dd class="id">{groupedId(community.id)}</dd>
      </dl>
    </section>
  );
}

/** What did not verify, and the evidence that is kept of it. */
function Findings({ findings }) {
  const { clock } = useRoom();
  return (
    <section class="findings" aria-label="What did not verify">
      <Part>What did not verify</Part>
      <ul>
        {latest(findings).map((finding) => (
          <li key={`${finding.code} ${finding.time}`}>
            <p><strong>{clock.full(finding.time)}</strong></p>
            <p>{findingSentence(finding.code)}</p>
            <p class="hint">{sentence({ text: finding.text })} ({finding.code})</p>
            {finding.evidence && <div class="buttons"><button type="button" class="button" onClick={() => save('dispatch-d-evidence.json', finding.evidence)}>Save the evidence</button></div>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The same thing found again and again is one thing: its last time, the newest first, and any evidence before all. */
function latest(findings) {
  const byText = new Map(findings.map((finding) => [`${finding.code} ${finding.text} ${finding.evidence !== null}`, finding]));
  return [...byText.values()].sort((one, two) => (two.evidence !== null) - (one.evidence !== null) || two.time - one.time);
}

function Communities({ client, community, onOther }) {
  const [asked, ask] = useState(false);
  const [busy, problem, run] = useWork();
  const others = client.communities.filter((one) => one.id !== community.id && one.origin === location.origin);
  const leave = () => run(async () => {
    await client.leave(community.id);
    onOther(null);
  });
  return (
    <section>
      <Part>This community on this device</Part>
      {others.map((other) => (
        <p key={other.id}><button type="button" class="link" onClick={() => onOther(other)}>Go to {other.name ?? other.id}</button></p>
      ))}
      {asked
        ? (
          <>
            <p>What was said is deleted from this device. Your key stays, and you stay a member: with the invitation you come back.</p>
            <div class="buttons">
              <button type="button" class="button danger" disabled={busy} onClick={leave}>Delete it here</button>
              <button type="button" class="button" onClick={() => ask(false)}>Keep it</button>
            </div>
          </>
        )
        : <div class="buttons"><button type="button" class="button" onClick={() => ask(true)}>Delete it from this device…</button></div>}
      <Problem of={problem} />
    </section>
  );
}
