import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Done, Overview, PoolView } from '../server/protocol.ts';
import { AskButton, Button } from './buttons.tsx';
import { post } from './client.ts';
import { Count, RepairButton } from './drift.tsx';
import { failedSince } from './drift-actions.ts';
import { StatusBadge } from './result.tsx';
import { done } from './store.ts';
import { Ago, Badge, breakable, Named, Panel, Table } from './words.tsx';

// How many identity pools are shown at first.
const FEW = 10;

const columns = ['Identity pool', 'Links', 'Entries', 'Linked', 'Drift', 'Last look', 'Action'];

/** A count, as far as it is certain. */
const Amount = ({ of, isAbout }: { of: number; isAbout: boolean | undefined }): JSX.Element => (
  <>{isAbout ? `about ${of}` : of}</>
);

/** How many entries an identity pool holds, of how many it may hold. */
function Quota({ pool: { held, quota, isAbout } }: { pool: PoolView }): JSX.Element {
  if (held === undefined) return <>–</>;
  if (quota === undefined) return <Amount of={held} isAbout={isAbout} />;
  return (
    <label class="quota">
      <Amount of={held} isAbout={isAbout} />
      {` of ${quota} entries`}
      <meter value={held} min={0} max={quota} high={quota * 0.8} optimum={0} />
    </label>
  );
}

function Drift({ pool }: { pool: PoolView }): JSX.Element {
  const { counts = {}, failure, failed } = pool;
  const all = Object.entries(counts).filter(
    ([state, count]) => count > 0 && state !== 'linked' && state !== 'foreign',
  );
  if (all.length === 0 && !failed && !failure) return <Badge tone="good" word="no drift" />;
  return (
    <span class="counts">
      {failure && <Badge tone="bad" word={failure.error} />}
      {all.map(([state, count]) => (
        <Count key={state} state={state} count={count} pool={pool} />
      ))}
      {failed && (
        <a href={`#/pool/${pool.identityPoolId}`}>
          <Badge tone="warn" word={failedSince(pool)} />
        </a>
      )}
    </span>
  );
}

const PoolRow = ({ pool, mayRepair }: { pool: PoolView; mayRepair: boolean }) => (
  <tr>
    <td class="pool-id">
      <strong>
        <Named of={pool.name} />
      </strong>{' '}
      <a href={`#/pool/${pool.identityPoolId}`}>{breakable(pool.identityPoolId)}</a>
    </td>
    <td>{pool.links.join(', ')}</td>
    <td class="when">
      <Quota pool={pool} />
    </td>
    <td class="when">
      {pool.counts ? (
        <>
          <Amount of={pool.counts['linked'] ?? 0} isAbout={pool.isAbout} /> linked
        </>
      ) : (
        '–'
      )}
      {pool.counts?.['foreign'] ? ` + ${pool.counts['foreign']} foreign` : ''}
    </td>
    <td>
      <Drift pool={pool} />
    </td>
    <td class="when">
      <a href={`#/execution/${pool.execution}`}>
        <Ago at={pool.asOf} />
      </a>
    </td>
    <td>{mayRepair && <RepairButton pool={pool} />}</td>
  </tr>
);

const MORE_FAILED =
  'So many requests have failed since the last look that not all were read. A check for drift finds what is missing.';

const NOT_READ = 'They could not be read yet. The message at the top says why.';

/** Why no identity pool is shown. */
function WithoutPools({
  overview: { pools, reconcile, trouble },
}: {
  overview: Overview;
}): JSX.Element {
  if (!pools) return <p class="dim">{trouble === undefined ? 'Loading …' : NOT_READ}</p>;
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
  const { pools = [], about } = overview;
  const mayRepair = about.denied.reconcile === undefined;
  const shown = areAllShown ? pools : pools.slice(0, FEW);
  const check = mayRepair && (
    <AskButton press={async () => done(await post<Done>('/api/look'))}>Check for drift</AskButton>
  );
  return (
    <Panel id="pools" title="Identity pools" beside={check}>
      {pools.length === 0 ? (
        <WithoutPools overview={overview} />
      ) : (
        <Table label="The identity pools" heads={columns}>
          {shown.map((pool) => (
            <PoolRow key={pool.identityPoolId} pool={pool} mayRepair={mayRepair} />
          ))}
        </Table>
      )}
      {pools.some(({ areMoreFailed }) => areMoreFailed) && <p class="dim">{MORE_FAILED}</p>}
      {shown.length < pools.length && (
        <p>
          <Button press={() => setAllShown(true)}>{`Show all ${pools.length}`}</Button>
        </p>
      )}
    </Panel>
  );
}
