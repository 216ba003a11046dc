import { duration } from '../../cli/output/times.ts';
import type { Graph } from '../server/graph.ts';
import type { Visit } from '../server/protocol.ts';
import { type Child, draw, h } from './dom.ts';
import { type Drawn, INSIDE, type Layout, layout, type Placed } from './layout.ts';
import { button, unseen } from './words.ts';

const laidOut = new Map<string, Layout>();

/** The layout of a graph, computed once. */
function layoutOf(graph: Graph): Layout {
  const key = JSON.stringify(graph);
  const found = laidOut.get(key) ?? layout(graph);
  laidOut.set(key, found);
  return found;
}

const marks: Record<Visit['status'] | 'never', string> = {
  running: '●',
  waiting: '!',
  done: '✓',
  failed: '✕',
  ended: '–',
  never: '',
};

const words: Record<Visit['status'] | 'never', string> = {
  running: 'running',
  waiting: 'waits for approval',
  done: 'done',
  failed: 'failed',
  ended: 'ended with the execution',
  never: 'not entered',
};

// A state with several visits shows the first of these that one of them has.
const precedence: Visit['status'][] = ['waiting', 'running', 'failed', 'ended', 'done'];

/** The status of a state, from all of its visits. */
export const statusOf = (visits: Visit[]): Visit['status'] | 'never' =>
  precedence.find((status) => visits.some((visit) => visit.status === status)) ?? 'never';

export const wordOf = (status: Visit['status'] | 'never'): string => words[status];

const pathOf = ([first, ...rest]: Drawn['points']): string => {
  let [x, y] = first ?? [0, 0];
  const curves = rest.map(([toX, toY]) => {
    const middle = (y + toY) / 2;
    const curve = x === toX ? `V${toY}` : `C${x},${middle} ${toX},${middle} ${toX},${toY}`;
    [x, y] = [toX, toY];
    return curve;
  });
  return `M${first?.join(',')} ${curves.join(' ')}`;
};

/** The transitions that were taken, each named by its two states. */
function takenTransitions(visits: Visit[]): Set<string> {
  const last = new Map<string, string>();
  const ways = new Set<string>();
  for (const { state, identityPoolId = '' } of visits) {
    ways.add(`${last.get(identityPoolId)} ${state}`);
    last.set(identityPoolId, state);
  }
  return ways;
}

interface Shown {
  visits: Visit[];
  selected: string | undefined;
  taken: Set<string>;
}

function wayView({ from, to, kind, points }: Drawn, { taken }: Shown): SVGElement {
  const isGone = taken.has(`${from} ${to}`);
  return draw('path', {
    d: pathOf(points),
    class: `way ${kind}${isGone ? ' gone' : ''}`,
    'marker-end': isGone ? 'url(#tip-gone)' : 'url(#tip)',
  });
}

function nodeView({ node, inside, ...at }: Placed, shown: Shown): HTMLElement {
  const visits = shown.visits.filter(({ state }) => state === node.name);
  const status = statusOf(visits);
  const seconds = visits.length === 1 ? duration(visits[0]?.seconds || undefined) : '';
  const times = visits.length > 1 ? `× ${visits.length}` : '';
  return h(
    'li',
    {
      'data-key': node.name,
      class: inside ? 'map' : 'state',
      style: `left:${at.x}px;top:${at.y}px;width:${at.width}px;height:${at.height}px`,
    },
    button(
      'state',
      {
        class: `node ${status}`,
        'data-state': node.name,
        'aria-pressed': String(node.name === shown.selected),
      },
      h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[status]),
      h('span', { class: 'label' }, node.name),
      unseen(words[status]),
      h('span', { class: 'took' }, seconds || times),
    ),
    inside && level(inside, shown, at.width),
  );
}

/** One level of a workflow. */
function level(drawn: Layout, shown: Shown, within?: number): HTMLElement {
  const { width, height, nodes, ways } = drawn;
  const left = within === undefined ? 0 : (within - width) / 2;
  const top = within === undefined ? 0 : INSIDE.y;
  return h(
    'div',
    { class: 'level', style: `left:${left}px;top:${top}px;width:${width}px;height:${height}px` },
    draw(
      'svg',
      { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
      // Transitions that were taken are drawn above the others.
      [...ways]
        .sort(
          (a, b) =>
            Number(shown.taken.has(`${a.from} ${a.to}`)) -
            Number(shown.taken.has(`${b.from} ${b.to}`)),
        )
        .map((way) => wayView(way, shown)) as Child[],
    ),
    h(
      'ol',
      { 'aria-label': within === undefined ? 'The workflow' : 'For each' },
      nodes.map((node) => nodeView(node, shown)),
    ),
  );
}

const tip = (id: string, kind: string): SVGElement =>
  draw(
    'marker',
    {
      id,
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerWidth: 9,
      markerHeight: 9,
      orient: 'auto',
      markerUnits: 'userSpaceOnUse',
    },
    draw('path', { d: 'M0,0 L8,4 L0,8 z', class: kind }),
  );

/** A workflow with the status of each state. */
export function graphView(
  graph: Graph,
  visits: Visit[],
  selected: string | undefined,
): HTMLElement {
  const drawn = layoutOf(graph);
  return h(
    'div',
    { class: 'graph', style: `width:${drawn.width}px;height:${drawn.height}px` },
    draw(
      'svg',
      { class: 'tips', width: 0, height: 0, 'aria-hidden': 'true' },
      draw('defs', {}, tip('tip', 'tip'), tip('tip-gone', 'tip gone')),
    ),
    level(drawn, { visits, selected, taken: takenTransitions(visits) }),
  );
}
