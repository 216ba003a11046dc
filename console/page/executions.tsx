import type { JSX } from 'preact';
import type { Machine } from '../../core/deployment.ts';
import type { Row } from '../server/protocol.ts';
import { machineIn } from './address.ts';
import { AskButton, Button } from './buttons.tsx';
import { StatusBadge } from './result.tsx';
import { allRows, choose, loadOlder, type Page } from './store.ts';
import { breakable, Code, Panel, Table, Time } from './words.tsx';

const Request = ({ row: { operation, userPoolId, clientId, isDryRun } }: { row: Row }) => (
  <>
    {operation}
    {isDryRun && <span class="dim"> (dry run)</span>}
    {userPoolId !== undefined && (
      <>
        {' '}
        <Code of={userPoolId} />
      </>
    )}
    {clientId !== undefined && (
      <>
        {' '}
        <Code of={clientId} />
      </>
    )}
  </>
);

const ExecutionRow = ({ row }: { row: Row }) => (
  <tr>
    <td>
      <StatusBadge row={row} />
    </td>
    <td class="when">
      <Time at={row.started} />
    </td>
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
        press={() => choose({ machine: name === 'link' ? undefined : name })}
      >
        {word}
      </Button>
    ))}
  </div>
);

const columns = ['Outcome', 'Started', 'Request', 'Requested by', 'Execution'];

/** The executions of a state machine, newest first. */
export function Executions({ page }: { page: Page }): JSX.Element {
  const machine = machineIn(page.address);
  const rows = page.overview?.[machine] ?? { rows: [] };
  const older = page.older[machine];
  const all = allRows(rows, older);
  const { next } = older ?? rows;
  return (
    <Panel id="executions" title="Executions" beside={<MachineChoice chosen={machine} />}>
      <div class="executions">
        {all.length === 0 ? (
          <p class="dim">No executions.</p>
        ) : (
          <Table label="The executions, newest first" heads={columns}>
            {all.map((row) => (
              <ExecutionRow key={row.execution} row={row} />
            ))}
          </Table>
        )}
      </div>
      {next !== undefined && (
        <p>
          <AskButton press={() => loadOlder(machine, next)}>Show older ones</AskButton>
        </p>
      )}
    </Panel>
  );
}
