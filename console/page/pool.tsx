import type { JSX } from 'preact';
import { executionOf } from '../../core/execution.ts';
import type { FailedRequest, Overview, PoolView } from '../server/protocol.ts';
import { Copy } from './buttons.tsx';
import { Findings, RepairButton } from './drift.tsx';
import { failedSince } from './drift-actions.ts';
import { Entries } from './entries.tsx';
import { Ago, byLinks, Code, Named, Panel, Table, Time } from './words.tsx';

function sinceText({ since: { linked, unlinked } }: PoolView): string {
  const parts = [linked > 0 && `${linked} linked`, unlinked > 0 && `${unlinked} unlinked`];
  const texts = parts.filter((part) => part !== false);
  return texts.length > 0 ? `; since then ${texts.join(', ')}` : '';
}

/** The requests that have failed since the identity pool was compared. */
const FailedSince = ({ pool, of: listed }: { pool: PoolView; of: FailedRequest[] }) => (
  <>
    <p>
      {`${failedSince(pool)}. Only the last request of each app client counts. Its execution says why it failed, and how to go on.`}
    </p>
    <Table label="Failed since" heads={['App client', 'User pool', 'Failed', 'Execution']}>
      {listed.map(({ execution, userPoolId, clientId, clientName, stopped }) => (
        <tr key={`${execution} ${userPoolId} ${clientId}`}>
          <td>
            {clientId === undefined ? 'all of the user pool' : <Code of={clientId} />}{' '}
            <Named of={clientName} />
          </td>
          <td>
            <Code of={userPoolId} />
          </td>
          <td class="when">
            <Ago at={stopped} />
          </td>
          <td class="name">
            <a href={`#/execution/${execution}`}>{executionOf(execution).name}</a>
          </td>
        </tr>
      ))}
    </Table>
    {listed.length < (pool.failed ?? 0) && (
      <p class="dim">
        The newest ones are listed. The overview finds the others by app client and outcome.
      </p>
    )}
  </>
);

/** One identity pool: its drift, and its entries. */
export function Pool({
  pool,
  overview: { about, waiting },
}: {
  pool: PoolView;
  overview: Overview;
}): JSX.Element {
  const { identityPoolId, name, links, execution, asOf } = pool;
  const { denied } = about;
  return (
    <>
      <p>
        <a href="#/">← All identity pools</a>
      </p>
      <div class="head">
        <h1 tabIndex={-1}>{identityPoolId}</h1>
        <div class="buttons">
          <Copy text={identityPoolId} what="id" />
          {denied.reconcile === undefined && <RepairButton pool={pool} />}
        </div>
      </div>
      <Panel id="drift" title="Drift">
        <p class="dim">
          {name !== undefined && `${name} · `}
          {byLinks(links)}
          {' · as of '}
          <a href={`#/execution/${execution}`}>
            <Time at={asOf} />
          </a>
          {sinceText(pool)}
        </p>
        <Findings pool={pool} around={{ mayLink: denied.link === undefined, waiting }} />
        {pool.failed !== undefined && <FailedSince pool={pool} of={pool.failures ?? []} />}
      </Panel>
      {denied.reconcile === undefined && <Entries key={identityPoolId} pool={pool} />}
    </>
  );
}
