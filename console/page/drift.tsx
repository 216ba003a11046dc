import type { JSX } from 'preact';
import { counted } from '../../core/sentence.ts';
import type { Drift, PoolView, Row } from '../server/protocol.ts';
import { PlanButton } from './buttons.tsx';
import { actionsFor, approvalNote, countOf, mayRepair, waitingFor } from './drift-actions.ts';
import { page } from './store.ts';
import { Badge, breakable, Code, Failed, Named, Table, type Tone, Unseen } from './words.tsx';

const tones: Record<string, Tone> = {
  linked: 'good',
  missing: 'warn',
  orphaned: 'warn',
  foreign: 'plain',
};

export const toneOf = (state: string): Tone => tones[state] ?? 'bad';

/** How many entries are in a state. What was unlinked by request is no fault. */
export function Count({
  state,
  count,
  pool,
}: {
  state: string;
  count: number;
  pool: PoolView;
}): JSX.Element {
  const { word, isAsked } = countOf(state, count, pool);
  return <Badge tone={isAsked || count === 0 ? 'plain' : toneOf(state)} word={word} />;
}

const Counts = ({ pool }: { pool: PoolView }) => (
  <ul class="counts" aria-label="Entries">
    {Object.entries(pool.counts ?? {})
      .filter(([state, count]) => count > 0 || state === 'linked')
      .map(([state, count]) => (
        <li key={state}>
          <Count state={state} count={count} pool={pool} />
        </li>
      ))}
  </ul>
);

const Actions = ({
  identityPoolId,
  drift,
  asked,
}: {
  identityPoolId: string;
  drift: Drift;
  asked: Row[];
}) => (
  <>
    {actionsFor(drift, asked).map((kind) => (
      <PlanButton
        key={kind}
        action={{
          kind,
          identityPoolId,
          userPoolId: drift.userPoolId,
          clientId: drift.clientId,
        }}
      >
        {kind === 'link' ? 'Link …' : 'Unlink …'}
        <Unseen>{` ${drift.clientId}`}</Unseen>
      </PlanButton>
    ))}
  </>
);

/** What is known about the drift of an identity pool beside a report. */
interface Around {
  mayLink: boolean;
  /** The executions that wait for approval. */
  waiting: Row[];
  /** Whether an entry is no longer as the report has it. */
  isOver?: (drift: Drift) => boolean;
}

/** What approves the change of an entry that needs approval, or asks for it. */
function Approval({
  drift,
  asked,
  mayLink,
}: {
  drift: Drift;
  asked: Row[];
  mayLink: boolean;
}): JSX.Element | null {
  if (!drift.needsApproval) return null;
  if (asked.length === 0) return <div class="dim">{approvalNote(drift, mayLink)}</div>;
  return (
    <div>
      {'waits: '}
      {asked.map(({ execution, name }, i) => (
        <span key={execution}>
          {i > 0 && ', '}
          <a href={`#/execution/${execution}`} title={name}>
            approve or deny
          </a>
        </span>
      ))}
    </div>
  );
}

const DriftRow = ({
  identityPoolId,
  drift,
  around: { mayLink, waiting, isOver = () => false },
}: {
  identityPoolId: string;
  drift: Drift;
  around: Around;
}) => {
  const asked = waitingFor(waiting, identityPoolId, drift);
  return (
    <tr>
      <td>
        <Badge tone={drift.isUnlinked ? 'plain' : toneOf(drift.state)} word={drift.state} />
        {drift.notes && <div class="dim">{breakable(drift.notes.join(', '))}</div>}
        {!isOver(drift) && <Approval drift={drift} asked={asked} mayLink={mayLink} />}
      </td>
      <td>
        <Code of={drift.clientId} /> <Named of={drift.clientName} />
      </td>
      <td>
        <Code of={drift.userPoolId} />
        {drift.issuer && ' (updated issuer)'}
      </td>
      <td>
        {isOver(drift) ? (
          <span class="dim">no longer so</span>
        ) : (
          <p class="buttons">
            {mayLink && <Actions identityPoolId={identityPoolId} drift={drift} asked={asked} />}
          </p>
        )}
      </td>
    </tr>
  );
};

const DriftTable = ({ pool, around }: { pool: PoolView; around: Around }) => (
  <Table
    label={`Drift of ${pool.identityPoolId}`}
    heads={['State', 'App client', 'User pool', 'Action']}
  >
    {pool.drift.map((drift) => (
      <DriftRow
        key={`${drift.userPoolId} ${drift.clientId} ${drift.issuer}`}
        identityPoolId={pool.identityPoolId}
        drift={drift}
        around={around}
      />
    ))}
  </Table>
);

/** The button that plans the repair of an identity pool, if there may be anything to repair. */
export function RepairButton({ pool }: { pool: PoolView }) {
  const { links, identityPoolId } = pool;
  const [link] = links;
  if (link === undefined || !mayRepair(pool)) return null;
  return (
    <PlanButton action={{ kind: 'repair', link }}>
      Repair …<Unseen>{` ${identityPoolId}`}</Unseen>
    </PlanButton>
  );
}

const ABOUT =
  'Something was written at about the time of that look, so the number of entries may be off by a few. “Check for drift” in the overview counts them again.';

/** What a reconcile has found in an identity pool. */
export const Findings = ({ pool, around }: { pool: PoolView; around: Around }): JSX.Element => (
  <>
    {pool.counts && <Counts pool={pool} />}
    {pool.isAbout && <p class="dim">{ABOUT}</p>}
    {pool.failure && <Failed {...pool.failure} />}
    {pool.wouldFail && <p>A repair would be refused:</p>}
    {pool.wouldFail && <Failed {...pool.wouldFail} />}
    {pool.drift.length > 0 && <DriftTable pool={pool} around={around} />}
    {pool.omitted !== undefined && (
      <p>
        {`The report had no room for ${counted(pool.omitted, 'more entry', 'more entries')}. `}
        {page.address.identityPoolId === pool.identityPoolId ? (
          '“Read every entry” below lists them.'
        ) : (
          <>
            <a href={`#/pool/${pool.identityPoolId}`}>The page of the identity pool</a>
            {' lists them with “Read every entry”.'}
          </>
        )}
      </p>
    )}
  </>
);
