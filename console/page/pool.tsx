import type { JSX } from 'preact';
import type { Overview, PoolView } from '../server/protocol.ts';
import { FAILED_LIST } from './address.ts';
import { Copy } from './buttons.tsx';
import { Findings, RepairButton } from './drift.tsx';
import { Entries } from './entries.tsx';
import { byLinks, Panel, Time } from './words.tsx';

function sinceText({ since: { linked, unlinked } }: PoolView): string {
  const parts = [linked > 0 && `${linked} linked`, unlinked > 0 && `${unlinked} unlinked`];
  const texts = parts.filter((part) => part !== false);
  return texts.length > 0 ? `; since then ${texts.join(', ')}` : '';
}

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
          {pool.failed !== undefined && (
            <>
              {' · '}
              <a href={FAILED_LIST}>{`${pool.failed} failed since`}</a>
            </>
          )}
        </p>
        <Findings pool={pool} around={{ mayLink: denied.link === undefined, waiting }} />
      </Panel>
      {denied.reconcile === undefined && <Entries key={identityPoolId} pool={pool} />}
    </>
  );
}
