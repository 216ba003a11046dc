import type { JSX } from 'preact';
import { duration } from '../../cli/output/times.ts';
import type { Machine } from '../../core/deployment.ts';
import { firstAndMore } from '../../core/sentence.ts';
import type { Row } from '../server/protocol.ts';
import { machineIn } from './address.ts';
import { AskButton, Button } from './buttons.tsx';
import { filterIn, matches, type RowFilter } from './filter.ts';
import { Filters, noFilter } from './filters.tsx';
import { StatusBadge } from './result.tsx';
import { choose, page as current, loadOlder, type Page, rowsOf, show } from './store.ts';
import { Ago, breakable, Code, Named, Panel, Table } from './words.tsx';

const Request = ({
  row: { operation, userPoolId, clientId, clientName, clients = [], isDryRun, found, part },
}: {
  row: Row;
}) => (
  <>
    {operation}
    {isDryRun && <span class="dim"> (dry run)</span>}
    {part !== undefined && <span class="dim">{` (part ${part})`}</span>}
    {found !== undefined && `: ${found}`}
    {userPoolId !== undefined && (
      <>
        {' '}
        <Code of={userPoolId} />
      </>
    )}
    {clientId !== undefined && (
      <>
        {' '}
        <Code of={clientId} /> <Named of={clientName} />
      </>
    )}
    {clients.length > 0 && (
      <>
        {' '}
        <Named of={firstAndMore(clients)} />
      </>
    )}
  </>
);

const secondsOf = ({ started, stopped }: Row): number | undefined =>
  stopped === undefined ? undefined : (Date.parse(stopped) - Date.parse(started)) / 1000;

/** Opens an execution by a click anywhere in its row, unless text is being selected. */
function open(event: MouseEvent, { execution }: Row): void {
  const isOnLink = event.target instanceof Element && event.target.closest('a, button');
  if (!isOnLink && window.getSelection()?.isCollapsed !== false) show(execution);
}

const ExecutionRow = ({ row }: { row: Row }) => (
  // The link in the row does the same by keyboard.
  <tr class="opens" onClick={(event) => open(event, row)}>
    <td>
      <StatusBadge row={row} />
    </td>
    <td class="when">
      <Ago at={row.started} />
    </td>
    <td class="when">{duration(secondsOf(row)) || '–'}</td>
    <td class="what">
      <Request row={row} />
    </td>
    <td class="who">{breakable(row.requestedBy ?? '')}</td>
    <td class="name">
      <a href={`#/execution/${row.execution}`} title={row.name}>
        {row.name}
      </a>
    </td>
  </tr>
);

const machines: [Machine, string][] = [
  ['link', 'Links'],
  ['reconcile', 'Reconciliations'],
];

const MachineChoice = ({ chosen }: { chosen: Machine }) => (
  // biome-ignore lint/a11y/useSemanticElements: a fieldset belongs to a form
  <div class="buttons" role="group" aria-label="State machine">
    {machines.map(([name, word]) => (
      <Button
        key={name}
        aria-pressed={name === chosen}
        press={() => choose({ ...noFilter, machine: name === 'link' ? undefined : name })}
      >
        {word}
      </Button>
    ))}
  </div>
);

const columns = ['Outcome', 'Started', 'Duration', 'Request', 'Requested by', 'Execution'];

// How many pages are read at most before a person is asked again.
const MOST_PAGES = 10;

/** Loads older executions, until one more is shown. */
async function lookBack(machine: Machine, filter: RowFilter): Promise<void> {
  const count = () => rowsOf(current, machine).rows.filter((row) => matches(row, filter)).length;
  const before = count();
  for (let i = 0; i < MOST_PAGES && count() === before; i++) {
    const { next } = rowsOf(current, machine);
    if (next === undefined) return;
    await loadOlder(machine, next);
  }
}

function List({ all, filter }: { all: Row[]; filter: RowFilter }): JSX.Element {
  const shown = all.filter((row) => matches(row, filter));
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <>
      {isFiltered && (
        <p class="dim" role="status">
          {`${shown.length} of the newest ${all.length} executions ${shown.length === 1 ? 'matches' : 'match'}.`}
        </p>
      )}
      <div class="executions">
        {all.length === 0 && !isFiltered && <p class="dim">No executions.</p>}
        {shown.length > 0 && (
          <Table label="The executions, newest first" heads={columns}>
            {shown.map((row) => (
              <ExecutionRow key={row.execution} row={row} />
            ))}
          </Table>
        )}
      </div>
    </>
  );
}

/** The executions of a state machine, newest first. */
export function Executions({ page }: { page: Page }): JSX.Element {
  const machine = machineIn(page.address);
  const filter = filterIn(machine, page.address.choices);
  const { rows: all, next } = rowsOf(page, machine);
  return (
    <Panel id="executions" title="Executions" beside={<MachineChoice chosen={machine} />}>
      <Filters machine={machine} filter={filter} />
      <List all={all} filter={filter} />
      {next !== undefined && (
        <p>
          <AskButton press={() => lookBack(machine, filter)}>Show older ones</AskButton>
        </p>
      )}
    </Panel>
  );
}
