import { layout as arrange, Graph as Sheet } from '@dagrejs/dagre';
import type { Graph, Node, Way } from './graph.ts';

/** Where a state is drawn, in pixels within its graph. */
export interface Placed {
  name: string;
  comment: string;
  x: number;
  y: number;
  width: number;
  height: number;
  /** The workflow in a map, and where it is drawn within the map. */
  inside?: Layout & { x: number; y: number };
}

/** A transition from one state to another, with the points of its line. */
export interface Drawn {
  from: string;
  to: string;
  kind: Way['kind'];
  points: [x: number, y: number][];
}

/** The drawing of a workflow, from top to bottom. */
export interface Layout {
  width: number;
  height: number;
  nodes: Placed[];
  ways: Drawn[];
}

// As wide as the longest name.
const WIDTH = 150;
const HEIGHT = 46;
/** The gap between two rows. */
const ROW_GAP = 26;
/** The space around the states in a map. */
const PAD = 16;
const HEAD = 68;
/** How far a line stays away from the corner of a state. */
const CORNER = 12;

// A transition with more weight is shorter and straighter. With these, and with this alignment, the drawing is narrow.
const weights = { next: 8, choice: 1, catch: 1 };

/** Where dagre puts something: the middle of it. */
interface Spot {
  x: number;
  y: number;
}

function sizeOf({ name, comment, inside: graph }: Node): Omit<Placed, 'x' | 'y'> {
  if (!graph) return { name, comment, width: WIDTH, height: HEIGHT };
  const drawn = layout(graph);
  const width = Math.max(WIDTH, drawn.width + 2 * PAD);
  const inside = { ...drawn, x: (width - drawn.width) / 2, y: HEAD };
  return { name, comment, width, height: drawn.height + HEAD + PAD, inside };
}

/** Where a line leaves or reaches a state: at its upper or lower edge, on the side that the line comes from. */
function endAt({ x, y, width, height }: Placed, next: Spot): [x: number, y: number] {
  const end = Math.min(Math.max(next.x, x + CORNER), x + width - CORNER);
  return [Math.round(end), next.y < y + height / 2 ? y : y + height];
}

/** The points of a line. Where it passes a row of states, it is upright from the row's top to its bottom. */
function pointsOf(bends: Spot[], [from, to]: [Placed, Placed], nodes: Placed[]): Drawn['points'] {
  const inner = bends.slice(1, -1);
  const centre = ({ x, y, width, height }: Placed): Spot => ({
    x: x + width / 2,
    y: y + height / 2,
  });
  const isDown = from.y < to.y;
  const upright = inner.flatMap(({ x, y }): Drawn['points'] => {
    const row = nodes.filter((node) => Math.abs(centre(node).y - y) < 1);
    const half = Math.max(0, ...row.map(({ height }) => height)) / 2;
    const [above, below] = [Math.round(y - half), Math.round(y + half)];
    const at = Math.round(x);
    if (half === 0) return [[at, Math.round(y)]];
    return isDown
      ? [
          [at, above],
          [at, below],
        ]
      : [
          [at, below],
          [at, above],
        ];
  });
  const first = inner.at(0) ?? centre(to);
  const last = inner.at(-1) ?? centre(from);
  return [endAt(from, first), ...upright, endAt(to, last)];
}

/** The place of every state, and the bends of every line, as dagre arranges them. */
function arranged({ nodes: states }: Graph): { nodes: Placed[]; bends: Map<string, Spot[]> } {
  const sheet = new Sheet();
  sheet.setGraph({ rankdir: 'TB', align: 'DR', ranksep: ROW_GAP, nodesep: 12, edgesep: 6 });
  const sizes = states.map(sizeOf);
  // dagre writes into what it is given.
  for (const { name, width, height } of sizes) sheet.setNode(name, { width, height });
  for (const { name, ways } of states) {
    for (const { to, kind } of ways) sheet.setEdge(name, to, { weight: weights[kind] });
  }
  arrange(sheet);
  const nodes = sizes.map((size): Placed => {
    const { x, y } = sheet.node(size.name) as Spot;
    return { ...size, x: Math.round(x - size.width / 2), y: Math.round(y - size.height / 2) };
  });
  const bends = states.flatMap(({ name, ways }) =>
    ways.map(({ to }): [string, Spot[]] => {
      const { points = [] } = sheet.edge(name, to) as { points?: Spot[] };
      return [`${name} ${to}`, points];
    }),
  );
  return { nodes, bends: new Map(bends) };
}

/** The same drawing with its leftmost part, a state or a line, at 0. */
function fromZero(nodes: Placed[], ways: Drawn[]): Layout {
  const ends = ways.flatMap(({ points }) => points.map(([x]) => x));
  const left = Math.min(...nodes.map(({ x }) => x), ...ends);
  const right = Math.max(...nodes.map(({ x, width }) => x + width), ...ends);
  return {
    width: right - left,
    height: Math.max(...nodes.map(({ y, height }) => y + height)),
    nodes: nodes.map((node) => ({ ...node, x: node.x - left })),
    ways: ways.map((way) => ({
      ...way,
      points: way.points.map(([x, y]): [number, number] => [x - left, y]),
    })),
  };
}

/**
 * Lays out a workflow: a chain with choices, error transitions and maps.
 *
 * @see https://github.com/dagrejs/dagre/wiki
 */
export function layout(graph: Graph): Layout {
  const { nodes, bends } = arranged(graph);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ways = graph.nodes.flatMap(({ name: from, ways: all }) =>
    all.flatMap(({ to, kind }): Drawn[] => {
      const [start, end] = [byName.get(from), byName.get(to)];
      if (!start || !end) return [];
      const points = pointsOf(bends.get(`${from} ${to}`) ?? [], [start, end], nodes);
      return [{ from, to, kind, points }];
    }),
  );
  return fromZero(nodes, ways);
}
