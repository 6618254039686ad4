// The first run: a key is made, or a backup is restored; and the backup of a new key is kept.

import { useRef, useState } from 'preact/hooks';
import { save } from '../files.js';
import { rememberBackup } from '../opening.js';
import { useWork } from '../use.js';
import { Field, Problem } from './parts.jsx';
import { Page } from './page.jsx';

/** The least length of a passphrase: whoever finds the file can try as many as they like. */
const SHORTEST = 12;
const BACKUP = 'dispatch-d-backup.json';

/** Nobody is known on this device yet. */
export function FirstRun({ client, invitation, onRestore }) {
  const [way, setWay] = useState('new');
  if (way === 'restore') return <Restore client={client} onRestore={onRestore} onBack={() => setWay('new')} />;
  return <NewKey client={client} invitation={invitation} onRestore={() => setWay('restore')} />;
}

function NewKey({ client, invitation, onRestore }) {
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const [told, tell] = useState(null);
  const [busy, problem, run] = useWork();
  const make = (event) => {
    event.preventDefault();
    const found = fault(passphrase, again);
    tell(found);
    if (!found) run(() => client.createIdentity({ passphrase }));
  };
  return (
    <Page title={invitation?.community ? 'You are invited' : 'Welcome'}>
      <p class="lead">
        {invitation?.community
          ? <>To the community at <strong>{location.host}</strong>. There are no accounts and no passwords here: a key that is made now, in this browser, is who you are.</>
          : 'There are no accounts and no passwords here: a key that is made now, in this browser, is who you are.'}
      </p>
      <form onSubmit={make} noValidate>
        <Field label="A passphrase for your backup" hint={`At least ${SHORTEST} letters; four or five words that nobody guesses are best. You need it only to move to another device, or when this one is lost.`}>
          {(field) => <input {...field} type="password" autoComplete="new-password" value={passphrase} onInput={(event) => setPassphrase(event.target.value)} />}
        </Field>
        <Field label="The passphrase again">
          {(field) => <input {...field} type="password" autoComplete="new-password" value={again} onInput={(event) => setAgain(event.target.value)} />}
        </Field>
        <div role="alert">{told && <p class="problem">{told}</p>}</div>
        <Problem of={problem} />
        <button type="submit" class="button primary" disabled={busy}>{busy ? 'Making your key…' : 'Make my key'}</button>
      </form>
      <p class="aside">Have you been here with another device? <button type="button" class="link" onClick={onRestore}>Restore a backup</button></p>
    </Page>
  );
}

/** What is wrong with a new passphrase, or `null`. */
export function fault(passphrase, again) {
  if (Array.from(passphrase).length < SHORTEST) return `Make the passphrase longer: at least ${SHORTEST} letters.`;
  if (passphrase !== again) return 'The two are not the same. Type the passphrase again in both fields.';
  return null;
}

function Restore({ client, onRestore, onBack }) {
  const [file, setFile] = useState(null);
  const [passphrase, setPassphrase] = useState('');
  const [told, tell] = useState(null);
  const [busy, problem, run] = useWork();
  const chosen = useRef(null);
  const restore = (event) => {
    event.preventDefault();
    if (!file) {
      tell('Choose the backup file first.');
      chosen.current.focus();
      return;
    }
    tell(null);
    run(async () => {
      // Whoever restores a backup has one. Said before, since the app goes on in the midst of it.
      onRestore(true);
      try {
        await client.restoreBackup(await file.text(), passphrase);
        rememberBackup(client);
      } catch (error) {
        onRestore(false);
        throw error;
      }
    });
  };
  return (
    <Page title="Restore a backup">
      <p class="lead">The file holds your key, encrypted with your passphrase. It is opened here, in this browser, and sent nowhere.</p>
      <form onSubmit={restore} noValidate>
        <Field label="The backup file">
          {(field) => <input {...field} ref={chosen} type="file" accept=".json,application/json" onChange={(event) => setFile(event.target.files[0] ?? null)} />}
        </Field>
        <Field label="Its passphrase">
          {(field) => <input {...field} type="password" autoComplete="current-password" value={passphrase} onInput={(event) => setPassphrase(event.target.value)} />}
        </Field>
        <div role="alert">{told && <p class="problem">{told}</p>}</div>
        <Problem of={problem} />
        <button type="submit" class="button primary" disabled={busy}>{busy ? 'Opening…' : 'Restore'}</button>
      </form>
      <p class="aside"><button type="button" class="link" onClick={onBack}>Make a new key instead</button></p>
    </Page>
  );
}

/** The key is made: its backup is to be kept before anything else. */
export function KeepBackup({ client, onDone }) {
  const [saved, setSaved] = useState(false);
  return (
    <Page title="Keep your backup">
      <p class="lead">If this browser forgets your key, or the device is lost, this file and your passphrase are the only way back. Nobody can send you a new one.</p>
      <button type="button" class={`button ${saved ? '' : 'primary'}`} onClick={() => { saveBackup(client); setSaved(true); }}>Save the backup file</button>
      <div role="status">{saved && <p class="hint">Put it where you keep what matters: a password manager, a USB stick, another device.</p>}</div>
      {saved
        ? <button type="button" class="button primary" onClick={onDone}>Go on</button>
        : <p class="aside"><button type="button" class="link" onClick={onDone}>Later: I know that without it nobody can help me</button></p>}
    </Page>
  );
}

/** Saves the backup that was made last. */
export function saveBackup(client) {
  save(BACKUP, client.backup.text);
}
