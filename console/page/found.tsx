import type { JSX } from 'preact';
import type { ExecutionView, Overview, RemovedView } from '../server/protocol.ts';
import { Findings } from './drift.tsx';
import { isStillThere } from './still-there.ts';
import { Badge, breakable, byLinks, Code, Panel, Table, Time } from './words.tsx';

const RemovedRow = ({ removed }: { removed: RemovedView }) => (
  <tr>
    <td>
      <Code of={removed.clientId} />{' '}
      {removed.restore && (
        <Badge
          tone={removed.restore === 'restored' ? 'good' : 'bad'}
          word={removed.restore === 'restored' ? 'restored' : 'no longer restored'}
        />
      )}
    </td>
    <td>
      <Code of={removed.identityPoolId} />
    </td>
    <td class="who">{removed.by === undefined ? 'not known' : breakable(removed.by)}</td>
    <td class="when">{removed.at === undefined ? '–' : <Time at={removed.at} />}</td>
    <td>
      <details>
        <summary>What to do</summary>
        {breakable(removed.message)}
      </details>
    </td>
  </tr>
);

/** What a reconcile has found, and what others removed. */
export function Found({
  view: { findings, removed, results },
  overview: { about, pools, waiting },
}: {
  view: ExecutionView;
  overview: Overview;
}): JSX.Element | null {
  if (findings.length === 0) return null;
  const mayLink = about.denied.link === undefined;
  const hasRepaired = results.some(({ lines }) => lines.length > 0);
  return (
    <Panel id="findings" title="Findings">
      <p class="dim">
        {hasRepaired
          ? 'As this reconcile left the identity pools. Each opens as it is now.'
          : 'As this reconcile found the identity pools. Each opens as it is now.'}
      </p>
      {findings.map((pool) => (
        <article
          key={pool.identityPoolId}
          class="result"
          aria-label={`Findings in ${pool.identityPoolId}`}
        >
          <h3>
            {pool.drift.length === 0 && !pool.failure && <Badge tone="good" word="no drift" />}{' '}
            <a href={`#/pool/${pool.identityPoolId}`}>{pool.identityPoolId}</a>
          </h3>
          <p class="dim">{byLinks(pool.links)}</p>
          <Findings
            pool={pool}
            around={{
              mayLink: mayLink && pools !== undefined,
              waiting,
              isOver: (drift) =>
                pools !== undefined && !isStillThere(pools, pool.identityPoolId, drift),
            }}
          />
        </article>
      ))}
      {removed.length > 0 && (
        <Table
          label="Removed by others"
          heads={['App client', 'Identity pool', 'Removed by', 'When', 'Action']}
        >
          {removed.map((each) => (
            <RemovedRow key={`${each.identityPoolId} ${each.clientId}`} removed={each} />
          ))}
        </Table>
      )}
    </Panel>
  );
}
