// A link asks to join a community: the person is asked, and nothing is dialled or remembered before they said yes.

import { groupedId } from '../format.js';
import { useWork } from '../use.js';
import { JOINING } from '../words.js';
import { Problem } from './parts.jsx';
import { Page } from './page.jsx';

/** `before` is where the community was so far, if it is known already and has moved. */
export function Invited({ invitation, before = null, onJoin, onLater }) {
  const [busy, problem, run] = useWork();
  return (
    <Page title={before ? JOINING.moved : JOINING.title}>
      <p class="lead">{before ? JOINING.movedFrom(before) : JOINING.lead}</p>
      <dl class="facts">
        <dt>{JOINING.community}</dt><dd class="id">{groupedId(invitation.community)}</dd>
        <dt>{JOINING.at}</dt><dd>{invitation.origin}</dd>
      </dl>
      <p>{JOINING.means}</p>
      <p class="hint">{JOINING.compare}</p>
      <Problem of={problem} />
      <div class="buttons">
        <button type="button" class="button primary" disabled={busy} onClick={() => run(onJoin)}>{JOINING.yes}</button>
        <button type="button" class="button" disabled={busy} onClick={onLater}>{JOINING.no}</button>
      </div>
    </Page>
  );
}
