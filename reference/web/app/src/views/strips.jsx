// What stands above a conversation while something is not as it should be: no connection, a clock that is off, a full disk, and,
// loudest, what did not verify.

import { useEffect, useState } from 'preact/hooks';
import { save } from '../files.js';
import { useEvents, useListener, useNow, useOnline } from '../use.js';
import { clockSentence, findingSentence, sentence, stripOf } from '../words.js';
import { useRoom } from './room.jsx';
import { Icon, IconButton } from './parts.jsx';

const EVIDENCE = 'dispatch-d-evidence.json';

const FAILED = { redaction: 'The message was not removed', share: 'The past was not shared', epoch: 'A message could not be encrypted', card: 'Nobody can write to you yet' };

/** All that there is to say, the gravest first. */
export function Strips() {
  const { community, side } = useRoom();
  useEvents(community, ['state', 'finding']);
  const { state } = community;
  const finding = state.name === 'stopped' ? state.finding : null;
  return (
    <>
      {finding ? <Warning finding={finding} onAgain={() => community.wake()} onMore={() => side('you')} /> : <Connection state={state} />}
      <Notices />
    </>
  );
}

/** Something did not verify: said plainly, with what to do. */
export function Warning({ finding, onAgain, onMore }) {
  return (
    <section class="strip bad warning" role="alert" aria-label="Warning">
      <Icon name="alert" size={24} />
      <div class="strip-text">
        <h2>The server’s history does not verify</h2>
        <p>{findingSentence(finding.code)} Nothing more is taken from it or sent to it. What you see below was verified before.</p>
        <p>Ask the others whether they see the same, by another way than this chat. {finding.evidence && 'The evidence file proves it to anybody; keep it.'}</p>
        <div class="buttons">
          {finding.evidence && <button type="button" class="button" onClick={() => save(EVIDENCE, finding.evidence)}>Save the evidence</button>}
          <button type="button" class="button" onClick={onAgain}>Try again</button>
          {onMore && <button type="button" class="button" onClick={onMore}>What was found</button>}
        </div>
      </div>
    </section>
  );
}

function Connection({ state }) {
  const { community } = useRoom();
  const online = useOnline();
  const now = useNow(1000, state.name === 'waiting');
  const strip = stripOf(state, { online, now, name: community.name ?? 'this community' });
  // A screen reader hears it when it begins, and not each second.
  const spoken = strip ? strip.text.replace(/ Trying again .*$/u, '') : '';
  return (
    <>
      <p class="unseen" role="status">{spoken}</p>
      {strip && (
        <div class={`strip ${strip.tone}`}>
          <Icon name={strip.tone === 'bad' ? 'alert' : 'clock'} size={18} />
          <p class="strip-text">{strip.text}</p>
          {strip.action && <button type="button" class="link" onClick={() => community.wake()}>{strip.action}</button>}
        </div>
      )}
    </>
  );
}

/** A clock that is off, and what the library says besides; each can be put away. */
function Notices() {
  const { community } = useRoom();
  useEvents(community, ['pending']);
  const [notices, setNotices] = useState([]);
  const [away, putAway] = useState(false);
  useListener(community, 'notice', (notice) => setNotices((all) => [...all.filter((one) => one.code !== notice.code), notice]));
  const offset = community.clockOffset;
  useEffect(() => putAway(false), [Math.round((offset ?? 0) / 600_000)]);
  const clock = away ? null : clockSentence(offset, community.limits?.skew_ms);
  // What was asked for besides messages, such as a removal, and refused: a message that failed says so itself.
  const failed = community.pending.filter((one) => one.kind !== 'message' && one.state === 'failed');
  const others = notices.filter((notice) => notice.code !== 'clock_skew');
  return (
    <div role="status">
      {clock && <Notice text={clock} onAway={() => putAway(true)} />}
      {failed.map((one) => <Notice key={one.local} text={`${FAILED[one.kind] ?? 'Something was not done'}: ${sentence(one)}`} onAway={() => community.discard(one.local)} />)}
      {others.map((notice) => (
        <Notice key={notice.code} text={sentence(notice)} onAway={() => setNotices((all) => all.filter((one) => one !== notice))} />
      ))}
    </div>
  );
}

function Notice({ text, onAway }) {
  return (
    <div class="strip wait">
      <Icon name="clock" size={18} />
      <p class="strip-text">{text}</p>
      <IconButton icon="close" label="Put this away" onClick={onAway} />
    </div>
  );
}
