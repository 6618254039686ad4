// Without an invitation there is no community to trust: here one is asked for.

import { useState } from 'preact/hooks';
import { Invitation } from '../../../src/index.js';
import { ELSEWHERE } from '../words.js';
import { CopyButton, Field, Problem } from './parts.jsx';
import { Page } from './page.jsx';

/** Asks for an invitation, and says what was wrong with the one that came. */
export function NoInvitation({ problem, onInvitation, onBack }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(problem);
  const [elsewhere, setElsewhere] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    try {
      const invitation = Invitation.parse(text.trim()); // [INV-1]
      setWrong(null);
      if (invitation.origin === location.origin) onInvitation(invitation);
      else setElsewhere(invitation);
    } catch (error) {
      setElsewhere(null);
      setWrong(error);
    }
  };
  return (
    <Page title={problem ? 'The invitation does not work' : 'Open your invitation'}>
      <p class="lead">A member or the owner sent you a link. It names the community, so that nobody can put another in its place.</p>
      <form onSubmit={submit} noValidate>
        <Field label="The link" hint={`It begins with ${location.origin}/#dispatch-d/1/`}>
          {(field) => <input {...field} type="text" inputMode="url" autoComplete="off" autoCapitalize="off" spellCheck={false} value={text} onInput={(event) => setText(event.target.value)} />}
        </Field>
        <Problem of={wrong} />
        <div role="alert">
          {elsewhere && (
            <div class="elsewhere">
              <p>{ELSEWHERE.where(elsewhere.origin)}</p>
              <p>{ELSEWHERE.how}</p>
              <div class="buttons">
                <a class="button" href={elsewhere.text} rel="noreferrer">{ELSEWHERE.open}</a>
                <CopyButton text={elsewhere.text} label={ELSEWHERE.copy} />
              </div>
            </div>
          )}
        </div>
        <button type="submit" class="button primary">Open</button>
      </form>
      {onBack && <p class="aside"><button type="button" class="link" onClick={onBack}>Back to the conversations</button></p>}
    </Page>
  );
}
