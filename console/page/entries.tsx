import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PoolEntries, PoolView } from '../server/protocol.ts';
import { AskButton } from './buttons.tsx';
import { post } from './client.ts';
import { toneOf } from './drift.tsx';
import { choose, page } from './store.ts';
import { Ago, Badge, Code, Failed, Named, Panel, Table, Time } from './words.tsx';

const LastWrite = ({ at }: { at: string | undefined }) =>
  at === undefined ? null : <Ago at={at} />;

const WrittenBy = ({ execution }: { execution: string | undefined }) =>
  execution === undefined ? null : (
    <a href={`#/execution/${execution}`}>{execution.split(':').at(-1)}</a>
  );

/** What is known of an entry beyond its state. */
const EntryRow = ({
  entry: { since, by, unlinked, unlinkedBy, ...entry },
}: {
  entry: PoolEntries['entries'][number];
}) => (
  <tr>
    <td>
      <Badge tone={unlinked === undefined ? toneOf(entry.state) : 'plain'} word={entry.state} />
      {unlinked !== undefined && <div class="dim">unlinked by request</div>}
    </td>
    <td>
      <Named of={entry.clientName} /> <Code of={entry.clientId} />
    </td>
    <td>
      <Code of={entry.userPoolId} />
    </td>
    <td>{entry.links.join(', ')}</td>
    <td class="when">
      <LastWrite at={since ?? unlinked} />
    </td>
    <td class="name">
      <WrittenBy execution={by ?? unlinkedBy} />
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
      {found.failure && <Failed {...found.failure} />}
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
        <Time at={found.asOf} />. What is missing or removed is listed too.
      </p>
      <p class="dim" role="status">
        {find !== '' && `${shown.length} of ${found.entries.length} lines match.`}
      </p>
      {found.ledgerDenied !== undefined && (
        <p>{`When and by which execution they were written is not known: ${found.ledgerDenied}`}</p>
      )}
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
export function Entries({ pool: { links } }: { pool: PoolView }): JSX.Element | null {
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
