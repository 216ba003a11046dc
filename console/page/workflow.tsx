import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { duration } from '../../cli/output/times.ts';
import type { Layout, Placed } from '../server/layout.ts';
import type { Data, ExecutionView, Visit } from '../server/protocol.ts';
import { Button } from './buttons.tsx';
import { get } from './client.ts';
import { GraphView, wordOf } from './graph.tsx';
import { Json } from './json.tsx';
import { Unread, useReading } from './reading.tsx';
import { choose, page } from './store.ts';
import { statusOf } from './visits.ts';
import { Badge, type Fact, Facts, Panel, Table, Time } from './words.tsx';

function placedIn({ nodes }: Layout, name: string): Placed | undefined {
  for (const node of nodes) {
    const found = node.name === name ? node : node.inside && placedIn(node.inside, name);
    if (found) return found;
  }
  return undefined;
}

const visitFacts = ({ status, entered, seconds, attempts, errors }: Visit): Fact[] => [
  ['Status', wordOf(status)],
  ['Entered', <Time key="entered" at={entered} />],
  ['Duration', duration(seconds) || '–'],
  ...(attempts === undefined ? [] : [['Attempts', String(attempts)] as Fact]),
  ...(errors === undefined ? [] : [['Errors', errors.join(', ')] as Fact]),
];

/** The input and output of a visit. */
function VisitData({
  execution,
  visit: { id, status },
}: {
  execution: string;
  visit: Visit;
}): JSX.Element {
  const { value, failure, again } = useReading(
    () => get<Data>('/api/data', { execution, id: String(id) }),
    // A visit has its output once its status changes.
    `${execution} ${id} ${status}`,
  );
  if (!value) return <Unread failure={failure} again={again} />;
  if (value.input === undefined) {
    return <p class="dim">The log group does not have the input and output of states.</p>;
  }
  return (
    <>
      <Json what="Input" json={value.input} />
      <Json what="Output" json={value.output} />
    </>
  );
}

interface Chosen {
  state: string | undefined;
  /** The visit to it. */
  visit: Visit | undefined;
  /** The only identity pool whose visits are shown. */
  only: string | undefined;
}

/** The visit that a person looks for first: the last that failed with an error, waits or runs, or the last of all. */
const telling = (visits: Visit[]): Visit | undefined =>
  visits.findLast(({ status, errors }) => status === 'failed' && errors !== undefined) ??
  visits.findLast(({ status }) => status === 'waiting') ??
  visits.findLast(({ status }) => status === 'failed') ??
  visits.at(-1);

/** The state, the visit and the identity pool that the address names, or those that tell most. */
function chosenIn(visits: Visit[]): Chosen {
  const { state = telling(visits)?.state, visit, pool: only } = page.address.choices;
  const own = visits.filter((each) => each.state === state);
  return { state, only, visit: own.find(({ id }) => String(id) === visit) ?? telling(own) };
}

function Visits({ own, chosen }: { own: Visit[]; chosen: Visit | undefined }) {
  if (own.length < 2) return null;
  return (
    <ol class="visits" aria-label={`Visits to ${own[0]?.state}`}>
      {own.map((each, i) => (
        <li key={each.id}>
          <Button
            class="small"
            aria-pressed={each.id === chosen?.id}
            press={() => choose({ visit: String(each.id) })}
          >
            {`${i + 1}. ${each.identityPoolId ?? wordOf(each.status)}`}
          </Button>
        </li>
      ))}
    </ol>
  );
}

/** The chosen state, with its input and output. */
function StatePanel({
  view: { row, graph },
  visits,
  chosen: { state, visit },
}: {
  view: ExecutionView;
  visits: Visit[];
  chosen: Chosen;
}): JSX.Element {
  if (state === undefined) {
    return <p class="dim">Choose a state to see its time, input and output.</p>;
  }
  const own = visits.filter((each) => each.state === state);
  const comment = graph && placedIn(graph, state)?.comment;
  return (
    <>
      <h3>{state}</h3>
      {comment && <p>{comment}</p>}
      {own.length === 0 && <p class="dim">{`It was ${wordOf(statusOf(own))}.`}</p>}
      <Visits own={own} chosen={visit} />
      {visit && <Facts facts={visitFacts(visit)} />}
      {visit && <VisitData execution={row.execution} visit={visit} />}
    </>
  );
}

function PoolChoice({ visits, only }: { visits: Visit[]; only: string | undefined }) {
  const ids = [...new Set(visits.flatMap((visit) => visit.identityPoolId ?? []))];
  if (ids.length < 2) return null;
  return (
    <label class="branch">
      Identity pool{' '}
      <select
        name="branch"
        value={only ?? ''}
        onChange={({ currentTarget }) =>
          choose({ pool: currentTarget.value, state: undefined, visit: undefined })
        }
      >
        <option value="">{`all ${ids.length}`}</option>
        {ids.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}

const chooseVisit = ({ id, state }: Visit): void => choose({ state, visit: String(id) });

/** Scrolls the row into the view of its table. */
function showRow(row: HTMLTableRowElement | null): void {
  const around = row?.closest('.scroll');
  if (!row || !around) return;
  const [outer, inner] = [around.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    around.scrollTop += inner.bottom - outer.bottom + inner.height;
  }
}

/** Every visit in the order in which they began. */
const Events = ({ visits, chosen }: { visits: Visit[]; chosen: Visit | undefined }) => (
  <Table label="Events" heads={['State', 'Status', 'After', 'Duration']}>
    {visits.map((visit) => (
      <tr
        key={visit.id}
        ref={visit.id === chosen?.id ? showRow : null}
        class={visit.id === chosen?.id ? 'chosen' : undefined}
      >
        <td>
          <Button
            class="plain"
            aria-pressed={visit.id === chosen?.id}
            press={() => chooseVisit(visit)}
          >
            {visit.state}
          </Button>
          {visit.identityPoolId !== undefined && <div class="dim">{visit.identityPoolId}</div>}
        </td>
        <td>
          <Badge tone={toneOf[visit.status]} word={wordOf(visit.status)} />
        </td>
        <td class="when">{`+${duration(sinceFirst(visit, visits))}`}</td>
        <td class="when">{duration(visit.seconds) || '–'}</td>
      </tr>
    ))}
  </Table>
);

const toneOf = {
  done: 'good',
  failed: 'bad',
  waiting: 'warn',
  running: 'info',
  ended: 'warn',
} as const;

const sinceFirst = ({ entered }: Visit, [first]: Visit[]): number =>
  (Date.parse(entered) - Date.parse(first?.entered ?? entered)) / 1000;

const select = (state: string): void => choose({ state, visit: undefined });

const StateList = ({ visits, selected }: { visits: Visit[]; selected: string | undefined }) => (
  <ol>
    {[...new Set(visits.map(({ state }) => state))].map((state) => (
      <li key={state}>
        <Button class="small" aria-pressed={state === selected} press={() => select(state)}>
          {state}
        </Button>
      </li>
    ))}
  </ol>
);

/** How much smaller a drawing must be to fit the width of its place, which may change. */
function useFit(width: number): { place: RefObject<HTMLDivElement | null>; zoom: number } {
  const place = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(1);
  useEffect(() => {
    if (!place.current) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setZoom(Math.min(1, entry.contentRect.width / width));
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [width]);
  return { place, zoom };
}

/** The drawing of a workflow, no wider than its place. */
function Drawing({
  drawn,
  visits,
  selected,
}: {
  drawn: Layout;
  visits: Visit[];
  selected: string | undefined;
}): JSX.Element {
  const { place, zoom } = useFit(drawn.width);
  return (
    <div ref={place} class="drawing">
      <div style={{ zoom }}>
        <GraphView drawn={drawn} visits={visits} selected={selected} select={select} />
      </div>
    </div>
  );
}

/** The workflow of an execution, and the chosen state beside it. */
export function Workflow({ view }: { view: ExecutionView }): JSX.Element {
  const { graph, visits } = view;
  const { pool: only } = page.address.choices;
  const shown = visits.filter(
    ({ identityPoolId }) => only === undefined || (identityPoolId ?? only) === only,
  );
  const chosen = chosenIn(shown);
  return (
    <Panel id="workflow" title="Workflow" beside={<PoolChoice visits={visits} only={only} />}>
      <div class="workflow">
        {graph ? (
          <Drawing drawn={graph} visits={shown} selected={chosen.state} />
        ) : (
          <StateList visits={shown} selected={chosen.state} />
        )}
        <div class="beside">
          <Events visits={shown} chosen={chosen.visit} />
          <section class="state-panel" aria-label="The chosen state" aria-live="polite">
            <StatePanel view={view} visits={shown} chosen={chosen} />
          </section>
        </div>
      </div>
    </Panel>
  );
}
