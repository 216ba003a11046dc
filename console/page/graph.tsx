import type { JSX } from 'preact';
import { duration } from '../../cli/output/times.ts';
import type { Drawn, Layout, Placed } from '../server/layout.ts';
import type { Visit } from '../server/protocol.ts';
import { Button } from './buttons.tsx';
import { statusOf, timesOf } from './visits.ts';
import { Unseen } from './words.tsx';

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

const START = { x: 0, y: 0 };

/** The place and the size of a part of the drawing, as styles. */
const boxOf = ({ x, y, width, height }: Box) => ({
  left: `${x}px`,
  top: `${y}px`,
  width: `${width}px`,
  height: `${height}px`,
});

type Box = Pick<Placed, 'x' | 'y' | 'width' | 'height'>;

interface Shown {
  visits: Visit[];
  selected: string | undefined;
  taken: Set<string>;
  select: (state: string) => void;
}

const isTaken = ({ from, to }: Drawn, { taken }: Shown): boolean => taken.has(`${from} ${to}`);

const Way = ({ way, isGone }: { way: Drawn; isGone: boolean }) => (
  <path
    d={pathOf(way.points)}
    class={`way ${way.kind}${isGone ? ' gone' : ''}`}
    marker-end={isGone ? 'url(#tip-gone)' : 'url(#tip)'}
  />
);

function State({ node, shown }: { node: Placed; shown: Shown }): JSX.Element {
  const { name, inside, x, y, width, height } = node;
  const visits = shown.visits.filter(({ state }) => state === name);
  const status = statusOf(visits);
  const seconds = visits.length === 1 ? duration(visits[0]?.seconds || undefined) : '';
  const times = timesOf(visits);
  return (
    <li class={inside ? 'map' : 'state'} style={boxOf({ x, y, width, height })}>
      <Button
        class={`node ${status}`}
        aria-pressed={name === shown.selected}
        press={() => shown.select(name)}
      >
        <span class="label">{name}</span>
        <span class="mark" aria-hidden="true">
          {marks[status]}
        </span>
        <Unseen>{words[status]}</Unseen>
        <span class="took">{seconds || times}</span>
      </Button>
      {inside && <Level drawn={inside} at={inside} shown={shown} />}
    </li>
  );
}

/** One level of a workflow: the whole, or what is in a map. */
function Level({
  drawn: { width, height, nodes, ways },
  at,
  shown,
}: {
  drawn: Layout;
  at?: { x: number; y: number };
  shown: Shown;
}): JSX.Element {
  // Transitions that were taken are drawn above the others.
  const sorted = ways.toSorted((a, b) => Number(isTaken(a, shown)) - Number(isTaken(b, shown)));
  return (
    <div class="level" style={boxOf({ ...(at ?? START), width, height })}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        {sorted.map((way) => (
          <Way key={`${way.from} ${way.to}`} way={way} isGone={isTaken(way, shown)} />
        ))}
      </svg>
      <ol aria-label={at ? 'For each' : 'The workflow'}>
        {nodes.map((node) => (
          <State key={node.name} node={node} shown={shown} />
        ))}
      </ol>
    </div>
  );
}

const Tip = ({ id, kind }: { id: string; kind: string }) => (
  <marker
    id={id}
    viewBox="0 0 8 8"
    refX={7}
    refY={4}
    markerWidth={9}
    markerHeight={9}
    orient="auto"
    markerUnits="userSpaceOnUse"
  >
    <path d="M0,0 L8,4 L0,8 z" class={kind} />
  </marker>
);

/** A workflow with the status of each state. */
export const GraphView = ({
  drawn,
  visits,
  ...chosen
}: {
  drawn: Layout;
  visits: Visit[];
  selected: string | undefined;
  select: (state: string) => void;
}): JSX.Element => (
  <div class="graph" style={boxOf({ ...START, width: drawn.width, height: drawn.height })}>
    <svg class="tips" width={0} height={0} aria-hidden="true">
      <defs>
        <Tip id="tip" kind="tip" />
        <Tip id="tip-gone" kind="tip gone" />
      </defs>
    </svg>
    <Level drawn={drawn} shown={{ visits, taken: takenTransitions(visits), ...chosen }} />
  </div>
);
