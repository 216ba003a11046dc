import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Drift, Overview, PoolEntries, PoolView } from '../server/protocol.ts';
import { AskButton, Copy, PlanButton } from './buttons.tsx';
import { post } from './client.ts';
import { remediesOf } from './remedies.ts';
import { choose, page } from './store.ts';
import {
  Ago,
  Badge,
  breakable,
  byLinks,
  Code,
  Failed,
  Panel,
  Table,
  Time,
  type Tone,
  Unseen,
} from './words.tsx';

const tones: Record<string, Tone> = {
  linked: 'good',
  missing: 'warn',
  orphaned: 'warn',
  foreign: 'plain',
};

export const toneOf = (state: string): Tone => tones[state] ?? 'bad';

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

const Remedies = ({ identityPoolId, drift }: { identityPoolId: string; drift: Drift }) => (
  <>
    {remediesOf(drift).map((kind) => (
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

type MayLink = (drift: Drift) => boolean;

const DriftTable = ({ pool, mayLink }: { pool: PoolView; mayLink: MayLink }) => (
  <Table
    label={`Drift of ${pool.identityPoolId}`}
    heads={['State', 'App client', 'User pool', 'Action']}
  >
    {pool.drift.map((drift) => (
      <tr key={`${drift.userPoolId} ${drift.clientId} ${drift.issuer}`}>
        <td>
          <Badge tone={toneOf(drift.state)} word={drift.state} />
          {drift.notes && <div class="dim">{breakable(drift.notes.join(', '))}</div>}
        </td>
        <td>
          <Code of={drift.clientId} /> {drift.clientName}
        </td>
        <td>
          <Code of={drift.userPoolId} />
          {drift.issuer && ' (updated issuer)'}
        </td>
        <td>
          <p class="buttons">
            {mayLink(drift) && <Remedies identityPoolId={pool.identityPoolId} drift={drift} />}
          </p>
        </td>
      </tr>
    ))}
  </Table>
);

function sinceText({ since: { linked, unlinked }, failed }: PoolView): string {
  const parts = [
    linked > 0 && `${linked} linked`,
    unlinked > 0 && `${unlinked} unlinked`,
    failed !== undefined && `${failed} failed`,
  ];
  const texts = parts.filter((part) => part !== false);
  return texts.length > 0 ? `; since then ${texts.join(', ')}` : '';
}

/** The button that plans the repair of an identity pool, if there is anything to repair. */
export function RepairButton({ pool: { drift, links, identityPoolId } }: { pool: PoolView }) {
  const [link] = links;
  if (link === undefined || drift.every(({ repair }) => repair === undefined)) return null;
  return (
    <PlanButton action={{ kind: 'repair', link }}>
      Repair …<Unseen>{` ${identityPoolId}`}</Unseen>
    </PlanButton>
  );
}

/** What is known of an entry beyond its state. */
const EntryRow = ({ entry }: { entry: PoolEntries['entries'][number] }) => (
  <tr>
    <td>
      <Badge tone={toneOf(entry.state)} word={entry.state} />
    </td>
    <td>
      {entry.clientName} <Code of={entry.clientId} />
    </td>
    <td>
      <Code of={entry.userPoolId} />
    </td>
    <td>{entry.links.join(', ')}</td>
    <td class="when">{entry.since === undefined ? '' : <Ago at={entry.since} />}</td>
    <td class="name">
      {entry.by !== undefined && (
        <a href={`#/execution/${entry.by}`}>{entry.by.split(':').at(-1)}</a>
      )}
    </td>
  </tr>
);

const holds = (entry: PoolEntries['entries'][number], part: string): boolean =>
  [entry.state, entry.clientName, entry.clientId, entry.userPoolId, ...entry.links].some((text) =>
    text?.toLowerCase().includes(part.trim().toLowerCase()),
  );

const columns = ['State', 'App client', 'User pool', 'Link', 'Written', 'By'];

function EntryTable({ found }: { found: PoolEntries }): JSX.Element {
  const { find = '' } = page.address.choices;
  const shown = found.entries.filter((entry) => holds(entry, find));
  return (
    <>
      <search class="filters">
        <label>
          Find
          <input
            type="search"
            value={find}
            onInput={({ currentTarget }) => choose({ find: currentTarget.value })}
          />
        </label>
      </search>
      <p class="dim">
        {`The identity pool had ${found.total} entries at `}
        <Time at={found.asOf} />.
      </p>
      <p class="dim" role="status">
        {find !== '' && `${shown.length} of ${found.entries.length} lines match.`}
      </p>
      {shown.length > 0 && (
        <Table label={`Entries of ${found.identityPoolId}`} heads={columns}>
          {shown.map((entry) => (
            <EntryRow key={`${entry.providerName} ${entry.clientId}`} entry={entry} />
          ))}
        </Table>
      )}
      {found.omitted !== undefined && (
        <p>{`And ${found.omitted} more, for which the report had no room.`}</p>
      )}
    </>
  );
}

/** Every entry of an identity pool, read when a person asks for it. */
function Entries({ pool: { links } }: { pool: PoolView }): JSX.Element | null {
  const [found, setFound] = useState<PoolEntries>();
  const [link] = links;
  if (link === undefined) return null;
  const read = async () => setFound(await post<PoolEntries>('/api/entries', { link }));
  const button = (
    <AskButton press={read}>{found ? 'Read them again' : 'Read every entry'}</AskButton>
  );
  return (
    <Panel id="entries" title="Entries" beside={button}>
      {found ? (
        <EntryTable found={found} />
      ) : (
        <p class="dim">
          A reconcile that repairs nothing reads them, and the ledger tells who wrote each.
        </p>
      )}
    </Panel>
  );
}

/** What a reconcile has found in an identity pool. */
export const Findings = ({ pool, mayLink }: { pool: PoolView; mayLink: MayLink }): JSX.Element => (
  <>
    {pool.counts && <Counts all={pool.counts} />}
    {pool.failure && <Failed {...pool.failure} />}
    {pool.wouldFail && <p>A repair would be refused:</p>}
    {pool.wouldFail && <Failed {...pool.wouldFail} />}
    {pool.drift.length > 0 && <DriftTable pool={pool} mayLink={mayLink} />}
    {pool.omitted !== undefined && (
      <p>{`And ${pool.omitted} more; the log of ReconcileIdentityPool lists them.`}</p>
    )}
  </>
);

/** One identity pool: its drift, and its entries. */
export function Pool({ pool, about }: { pool: PoolView; about: Overview['about'] }): JSX.Element {
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
        <Findings pool={pool} mayLink={() => denied.link === undefined} />
      </Panel>
      {denied.reconcile === undefined && <Entries key={identityPoolId} pool={pool} />}
    </>
  );
}
