import { duration } from '../../cli/output/times.ts';
import type { Graph, Node } from '../server/graph.ts';
import type { Data, ExecutionView, Overview, Visit, WaitingView } from '../server/protocol.ts';
import { type Child, h } from './dom.ts';
import { graphView, statusOf, wordOf } from './graph-view.ts';
import {
  badge,
  button,
  byLinks,
  difference,
  factList,
  panel,
  planButton,
  resultCard,
  statusBadge,
  time,
  unseen,
} from './words.ts';

/** What a person chose to see of an execution. */
export interface Chosen {
  state?: string;
  /** The id of a visit to it. */
  visit?: number;
  identityPoolId?: string;
  /** The input and output of the visit, once loaded. */
  data?: Data;
}

function waitingCard(
  { identityPoolId, links, lines }: WaitingView,
  execution: string,
  mayDecide: boolean,
): HTMLElement {
  const which = () => unseen(` the change to ${identityPoolId}`);
  return h(
    'article',
    { class: 'result', 'data-key': identityPoolId },
    h('h3', {}, badge('warn', 'waits for approval'), ' ', identityPoolId),
    h('p', { class: 'dim' }, byLinks(links)),
    difference(lines, `Pending changes to ${identityPoolId}`),
    mayDecide &&
      h(
        'p',
        { class: 'buttons' },
        planButton({ kind: 'approve', execution, identityPoolId }, 'Approve …', which()),
        planButton({ kind: 'deny', execution, identityPoolId }, 'Deny …', which()),
      ),
  );
}

const pretty = (json: string | undefined): string => {
  try {
    return JSON.stringify(JSON.parse(json ?? 'null'), null, 2);
  } catch {
    return json ?? '';
  }
};

const dataView = (what: string, json: string | undefined): HTMLElement =>
  h(
    'div',
    {},
    h('h4', {}, what),
    json === undefined
      ? h('p', { class: 'dim' }, 'None yet.')
      : h('pre', { tabindex: 0, role: 'region', 'aria-label': what }, pretty(json)),
  );

function nodeIn({ nodes }: Graph, name: string): Node | undefined {
  for (const node of nodes) {
    const found = node.name === name ? node : node.inside && nodeIn(node.inside, name);
    if (found) return found;
  }
  return undefined;
}

const visitButton = (visit: Visit, i: number, chosen: number | undefined): HTMLElement =>
  h(
    'li',
    { 'data-key': String(visit.id) },
    button(
      'visit',
      { class: 'small', 'data-visit': visit.id, 'aria-pressed': String(visit.id === chosen) },
      `${i + 1}. ${visit.identityPoolId ?? wordOf(visit.status)}`,
    ),
  );

const visitFacts = (visit: Visit): [string, Child][] => [
  ['Status', wordOf(visit.status)],
  ['Entered', time(visit.entered)],
  ['Duration', duration(visit.seconds) || '–'],
  ...(visit.attempts === undefined
    ? []
    : ([['Attempts', String(visit.attempts)]] as [string, Child][])),
  ...(visit.errors === undefined
    ? []
    : ([['Errors', visit.errors.join(', ')]] as [string, Child][])),
];

/** The chosen state, with its input and output. */
function statePanel(graph: Graph | undefined, visits: Visit[], chosen: Chosen): Child {
  const { state, data } = chosen;
  if (state === undefined) {
    return h('p', { class: 'dim' }, 'Choose a state to see its time, input and output.');
  }
  const own = visits.filter((visit) => visit.state === state);
  const visit = own.find(({ id }) => id === chosen.visit);
  const comment = graph && nodeIn(graph, state)?.comment;
  return [
    h('h3', {}, state),
    comment && h('p', {}, comment),
    own.length === 0 && h('p', { class: 'dim' }, `It was ${wordOf(statusOf(own))}.`),
    own.length > 1 &&
      h(
        'ol',
        { class: 'visits', 'aria-label': `Visits to ${state}` },
        own.map((each, i) => visitButton(each, i, chosen.visit)),
      ),
    visit && factList(visitFacts(visit)),
    visit && data && [dataView('Input', data.input), dataView('Output', data.output)],
  ];
}

function branchChoice(visits: Visit[], { identityPoolId }: Chosen): Child {
  const ids = [...new Set(visits.flatMap((visit) => visit.identityPoolId ?? []))];
  if (ids.length < 2) return false;
  const option = (value: string, text: string) =>
    h('option', { value, selected: value === (identityPoolId ?? '') }, text);
  return h(
    'label',
    { class: 'branch' },
    'Identity pool ',
    h(
      'select',
      { name: 'branch', 'data-do': 'branch' },
      option('', `all ${ids.length}`),
      ids.map((id) => option(id, id)),
    ),
  );
}

function workflow({ graph, visits }: ExecutionView, chosen: Chosen): HTMLElement {
  const { identityPoolId: only } = chosen;
  const shown = visits.filter(
    ({ identityPoolId }) => only === undefined || (identityPoolId ?? only) === only,
  );
  const states = [...new Set(shown.map(({ state }) => state))];
  return panel(
    { id: 'workflow', title: 'Workflow', beside: branchChoice(visits, chosen) },
    h(
      'div',
      { class: 'workflow' },
      graph
        ? h('div', { class: 'scroll drawing' }, graphView(graph, shown, chosen.state))
        : h(
            'ol',
            {},
            states.map((state) =>
              h(
                'li',
                {},
                button(
                  'state',
                  {
                    class: 'small',
                    'data-state': state,
                    'aria-pressed': String(state === chosen.state),
                  },
                  state,
                ),
              ),
            ),
          ),
      h(
        'div',
        {
          class: 'state-panel',
          role: 'region',
          'aria-label': 'The chosen state',
          'aria-live': 'polite',
        },
        statePanel(graph, shown, chosen),
      ),
    ),
  );
}

const titleOf = ({ row, machine }: ExecutionView): string =>
  row.clientId === undefined
    ? `${row.operation ?? machine} ${row.userPoolId ?? ''}`
    : `${row.operation ?? machine} ${row.clientId}`;

/** One execution in full. */
export function executionView(view: ExecutionView, { about }: Overview, chosen: Chosen): Child[] {
  const { row, facts, results, waiting, link } = view;
  const { execution } = row;
  const mayUndo = view.isUndoable && about.denied.link === undefined;
  return [
    h('p', {}, h('a', { href: '#/' }, '← All executions')),
    h(
      'div',
      { class: 'head' },
      h('h1', { tabindex: -1 }, statusBadge(row), ' ', titleOf(view)),
      mayUndo && planButton({ kind: 'undo', execution }, 'Undo …'),
    ),
    h(
      'section',
      { class: 'panel about', 'aria-label': 'About' },
      factList([...facts, ['ARN', execution]]),
      link !== undefined &&
        h(
          'p',
          {},
          h('a', { href: link, rel: 'noreferrer', target: '_blank' }, 'Open it in the AWS console'),
        ),
    ),
    waiting.length > 0 &&
      panel(
        { id: 'waiting', title: 'Waiting for approval' },
        waiting.map((each) => waitingCard(each, execution, about.denied.decide === undefined)),
      ),
    results.length > 0 && panel({ id: 'results', title: 'Result' }, results.map(resultCard)),
    workflow(view, chosen),
  ];
}
