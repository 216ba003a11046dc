import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Done, Drift, Overview, PoolView } from '../server/protocol.ts';
import { AskButton, Button, PlanButton } from './buttons.tsx';
import { post } from './client.ts';
import { StatusBadge } from './result.tsx';
import { done } from './store.ts';
import { Badge, byLinks, Code, Failed, Panel, Table, Time, type Tone, Unseen } from './words.tsx';

// How many identity pools are shown at first.
const FEW = 10;

const tones: Record<string, Tone> = {
  linked: 'good',
  missing: 'warn',
  orphaned: 'warn',
  foreign: 'plain',
};

const toneOf = (state: string): Tone => tones[state] ?? 'bad';

const Counts = ({ all }: { all: Record<string, number> }) => (
  <ul class="counts" aria-label="Entries">
    {Object.entries(all)
      .filter(([state, count]) => count > 0 || state === 'linked')
      .map(([state, count]) => (
        <li key={state}>
          <Badge tone={toneOf(state)} word={`${count} ${state}`} />
        </li>
      ))}
  </ul>
);

// The action that resolves a drifted entry.
const remedies: Record<string, 'link' | 'unlink'> = {
  missing: 'link',
  removed: 'link',
  orphaned: 'unlink',
  uncovered: 'unlink',
};

function Remedy({ identityPoolId, drift }: { identityPoolId: string; drift: Drift }) {
  const kind = remedies[drift.state];
  if (!kind) return null;
  const { userPoolId, clientId } = drift;
  return (
    <PlanButton action={{ kind, userPoolId, clientId, identityPoolId }}>
      {kind === 'link' ? 'Link …' : 'Unlink …'}
      <Unseen>{` ${clientId}`}</Unseen>
    </PlanButton>
  );
}

const DriftTable = ({ pool, mayLink }: { pool: PoolView; mayLink: boolean }) => (
  <Table
    label={`Drift of ${pool.identityPoolId}`}
    heads={['State', 'App client', 'User pool', 'Action']}
  >
    {pool.drift.map((drift) => (
      <tr key={`${drift.userPoolId} ${drift.clientId} ${drift.issuer}`}>
        <td>
          <Badge tone={toneOf(drift.state)} word={drift.state} />
        </td>
        <td>
          <Code of={drift.clientId} /> {drift.clientName}
        </td>
        <td>
          <Code of={drift.userPoolId} />
          {drift.issuer && ' (updated issuer)'}
        </td>
        <td>{mayLink && <Remedy identityPoolId={pool.identityPoolId} drift={drift} />}</td>
      </tr>
    ))}
  </Table>
);

function sinceText({ since: { linked, unlinked } }: PoolView): string {
  const parts = [linked > 0 && `${linked} linked`, unlinked > 0 && `${unlinked} unlinked`];
  const texts = parts.filter((part) => part !== false);
  return texts.length > 0 ? `; since then ${texts.join(', ')}` : '';
}

function RepairButton({ pool: { drift, links, identityPoolId } }: { pool: PoolView }) {
  const [link] = links;
  if (link === undefined || drift.every(({ repair }) => repair === undefined)) return null;
  return (
    <PlanButton action={{ kind: 'repair', link }}>
      Repair …<Unseen>{` ${identityPoolId}`}</Unseen>
    </PlanButton>
  );
}

const Pool = ({ pool, denied }: { pool: PoolView; denied: Overview['about']['denied'] }) => (
  <article class="pool">
    <div class="head">
      <h3>{pool.identityPoolId}</h3>
      {denied.reconcile === undefined && <RepairButton pool={pool} />}
    </div>
    <p class="dim">
      {byLinks(pool.links)}
      {' · as of '}
      <a href={`#/execution/${pool.execution}`}>
        <Time at={pool.asOf} />
      </a>
      {sinceText(pool)}
    </p>
    {pool.counts && <Counts all={pool.counts} />}
    {pool.failure && <Failed {...pool.failure} />}
    {pool.drift.length > 0 && <DriftTable pool={pool} mayLink={denied.link === undefined} />}
    {pool.omitted !== undefined && (
      <p>{`And ${pool.omitted} more; the log of ReconcileIdentityPool lists them.`}</p>
    )}
  </article>
);

/** Why no identity pool is shown. */
function WithoutPools({ overview: { reconcile } }: { overview: Overview }): JSX.Element {
  const [last] = reconcile.rows;
  if (!last) return <p class="dim">No reconcile has run yet.</p>;
  return (
    <p class="dim">
      {last.status === 'RUNNING' ? 'A reconcile is running: ' : 'No reconcile has reported them: '}
      <a href={`#/execution/${last.execution}`}>the last one</a> <StatusBadge row={last} />
    </p>
  );
}

/** The identity pools, those with drift first. */
export function Pools({ overview }: { overview: Overview }): JSX.Element {
  const [areAllShown, setAllShown] = useState(false);
  const { pools, about } = overview;
  const shown = areAllShown ? pools : pools.slice(0, FEW);
  const check = about.denied.reconcile === undefined && (
    <AskButton press={async () => done(await post<Done>('/api/look'))}>Check for drift</AskButton>
  );
  return (
    <Panel id="pools" title="Identity pools" beside={check}>
      {pools.length === 0 && <WithoutPools overview={overview} />}
      {shown.map((pool) => (
        <Pool key={pool.identityPoolId} pool={pool} denied={about.denied} />
      ))}
      {shown.length < pools.length && (
        <p>
          <Button press={() => setAllShown(true)}>{`Show all ${pools.length}`}</Button>
        </p>
      )}
    </Panel>
  );
}
