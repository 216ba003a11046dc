import type { JSX } from 'preact';
import type { Machine } from '../../core/deployment.ts';
import { Button } from './buttons.tsx';
import type { RowFilter } from './filter.ts';
import { choose } from './store.ts';

const Part = ({
  name,
  label,
  filter,
}: {
  name: 'client' | 'userPool' | 'who';
  label: string;
  filter: RowFilter;
}) => (
  <label>
    {label}
    <input
      type="search"
      name={`filter-${name}`}
      value={filter[name] ?? ''}
      autocomplete="off"
      spellcheck={false}
      onInput={({ currentTarget }) => choose({ [name]: currentTarget.value })}
    />
  </label>
);

const Choice = ({
  name,
  label,
  options,
  filter,
}: {
  name: 'outcome' | 'hours';
  label: string;
  options: [value: string, text: string][];
  filter: RowFilter;
}) => {
  const value = filter[name] ?? '';
  // An address may hold any value.
  const isKnown = value === '' || options.some(([known]) => known === value);
  return (
    <label>
      {label}
      <select
        value={value}
        onChange={({ currentTarget }) => choose({ [name]: currentTarget.value })}
      >
        <option value="">any</option>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
        {!isKnown && <option value={value}>{value}</option>}
      </select>
    </label>
  );
};

// What an execution of each state machine may end with, or do now.
const outcomes: Record<Machine, string[]> = {
  link: [
    'LINKED',
    'ALREADY_LINKED',
    'UNLINKED',
    'NOT_LINKED',
    'PLANNED',
    'WOULD_FAIL',
    'NOT_COVERED',
    'FAILED',
    'RUNNING',
    'WAITS',
  ],
  reconcile: ['REPORTED', 'REPAIRED', 'FAILED', 'RUNNING'],
};

const outcomeOptions = (machine: Machine): [value: string, text: string][] =>
  outcomes[machine].map((each) => [each, each.toLowerCase().replace('_', ' ')]);

const periods: [string, string][] = [
  ['1', 'the last hour'],
  ['24', 'the last 24 hours'],
  ['168', 'the last 7 days'],
  ['720', 'the last 30 days'],
];

/** The choices of a list that leaves out nothing. */
export const noFilter = {
  client: undefined,
  userPool: undefined,
  outcome: undefined,
  hours: undefined,
  who: undefined,
  writes: undefined,
};

/** The fields that choose which executions a list shows. Each choice is in the address. */
export const Filters = ({
  machine,
  filter,
}: {
  machine: Machine;
  filter: RowFilter;
}): JSX.Element => (
  <search class="filters">
    {machine === 'link' && <Part name="client" label="App client" filter={filter} />}
    {machine === 'link' && <Part name="userPool" label="User pool" filter={filter} />}
    <Part name="who" label="Requested by" filter={filter} />
    <Choice name="outcome" label="Outcome" options={outcomeOptions(machine)} filter={filter} />
    <Choice name="hours" label="Period" options={periods} filter={filter} />
    <label class="check">
      <input
        type="checkbox"
        checked={filter.writes !== undefined}
        onChange={({ currentTarget }) =>
          choose({ writes: currentTarget.checked ? '1' : undefined })
        }
      />
      Writes only
    </label>
    {Object.keys(filter).length > 0 && (
      <Button class="small" press={() => choose(noFilter)}>
        Clear
      </Button>
    )}
  </search>
);
