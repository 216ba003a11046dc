import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { duration } from '../../cli/output/times.ts';
import type { Layout, Placed } from '../server/layout.ts';
import type { Data, ExecutionView, Visit } from '../server/protocol.ts';
import { Button } from './buttons.tsx';
import { get } from './client.ts';
import { GraphView, statusOf, wordOf } from './graph.tsx';
import { choose, page, say } from './store.ts';
import { type Fact, Facts, Panel, sentenceOf, Time } from './words.tsx';

const pretty = (json: string): string => {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
};

const JsonView = ({ what, json }: { what: string; json: string | undefined }) => (
  <div>
    <h4>{what}</h4>
    {json === undefined ? (
      <p class="dim">None yet.</p>
    ) : (
      // biome-ignore lint/a11y: a region that scrolls must be reached by keyboard
      <pre tabIndex={0} role="region" aria-label={what}>
        {pretty(json)}
      </pre>
    )}
  </div>
);

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

/** The input and output of a visit, once loaded. */
function useData(execution: string, visit: Visit | undefined): Data | undefined {
  const [data, setData] = useState<Data>();
  const { id, status } = visit ?? {};
  // A visit has its output once its status changes.
  useEffect(() => {
    setData(undefined);
    if (id === undefined) return;
    let isChosen = true;
    get<Data>('/api/data', { execution, id: String(id) }).then(
      (read) => isChosen && setData(read),
      (error) => isChosen && say(sentenceOf(error)),
    );
    return () => {
      isChosen = false;
    };
  }, [execution, id, status]);
  return data;
}

interface Chosen {
  state: string | undefined;
  /** The visit to it. */
  visit: Visit | undefined;
  /** The only identity pool whose visits are shown. */
  only: string | undefined;
}

/** The state, the visit and the identity pool that the address names. */
function chosenIn(visits: Visit[]): Chosen {
  const { state, visit, pool: only } = page.address.choices;
  const own = visits.filter((each) => each.state === state);
  return { state, only, visit: own.find(({ id }) => String(id) === visit) ?? own.at(-1) };
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
  const data = useData(row.execution, visit);
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
      {visit && data && <JsonView what="Input" json={data.input} />}
      {visit && data && <JsonView what="Output" json={data.output} />}
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
          <div class="scroll drawing">
            <GraphView drawn={graph} visits={shown} selected={chosen.state} select={select} />
          </div>
        ) : (
          <StateList visits={shown} selected={chosen.state} />
        )}
        <section class="state-panel" aria-label="The chosen state" aria-live="polite">
          <StatePanel view={view} visits={shown} chosen={chosen} />
        </section>
      </div>
    </Panel>
  );
}
