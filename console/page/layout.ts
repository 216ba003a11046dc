import type { Graph, Node, Way } from '../server/graph.ts';

/** Where a state is drawn, in pixels within its graph. */
export interface Placed {
  node: Node;
  x: number;
  y: number;
  width: number;
  height: number;
  inside?: Layout;
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

const WIDTH = 210;
const HEIGHT = 34;
/** The gaps between two rows, and between two states of a row. */
const ROW_GAP = 26;
const GAP = 20;
/** The width of a line that passes a row. */
const LANE = 14;
/** The space around the states in a map. */
const PAD = 16;
const HEAD = 58;
/** The distance between two lines on the same side of a state. */
const APART = 16;

const SWEEPS = 12;

/** A state or, if a line passes a row, its place in that row. */
interface Item {
  key: string;
  rank: number;
  width: number;
  height: number;
  /** The middle. */
  x: number;
  near: { item: Item; weight: number }[];
  /** Whether it is on the main path from start to end. */
  isSpine?: true;
  node?: Node;
  inside?: Layout;
}

interface Edge extends Way {
  from: string;
}

const edgesOf = ({ nodes }: Graph): Edge[] =>
  nodes.flatMap(({ name: from, ways }) => ways.map((way) => ({ from, ...way })));

/** The transitions that lead back to an earlier state. */
function backEdges({ start, nodes }: Graph): Set<string> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const back = new Set<string>();
  const open = new Set<string>();
  const done = new Set<string>();
  const visit = (name: string) => {
    open.add(name);
    for (const { to } of byName.get(name)?.ways ?? []) {
      if (open.has(to)) back.add(`${name} ${to}`);
      else if (!done.has(to)) visit(to);
    }
    open.delete(name);
    done.add(name);
  };
  for (const name of [start, ...byName.keys()]) if (!done.has(name)) visit(name);
  return back;
}

/** The row of each state: below every state that leads to it. */
function ranksOf(nodes: Node[], forward: Edge[]): Map<string, number> {
  const ranks = new Map<string, number>();
  const rankOf = (name: string): number => {
    const known = ranks.get(name);
    if (known !== undefined) return known;
    const above = forward.filter(({ to }) => to === name).map(({ from }) => rankOf(from) + 1);
    const rank = Math.max(0, ...above);
    ranks.set(name, rank);
    return rank;
  };
  for (const { name } of nodes) rankOf(name);
  return ranks;
}

function itemOf(node: Node, rank: number): Item {
  const inside = node.inside && layout(node.inside);
  return {
    key: node.name,
    rank,
    x: 0,
    near: [],
    node,
    width: inside ? Math.max(WIDTH, inside.width + 2 * PAD) : WIDTH,
    height: inside ? inside.height + HEAD + PAD : HEIGHT,
    ...(inside && { inside }),
  };
}

const weights = { next: 3, choice: 2, catch: 0.5 };

const middleOf = (near: Item['near'], position: (item: Item) => number, fallback: number) => {
  const total = near.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return fallback;
  return near.reduce((sum, { item, weight }) => sum + position(item) * weight, 0) / total;
};

/** Orders the items of each row so that few lines cross. */
function order(rows: Item[][]): void {
  const index = new Map<Item, number>();
  const number = (row: Item[]) => {
    for (const [i, item] of row.entries()) index.set(item, i / Math.max(1, row.length - 1 || 1));
  };
  for (const row of rows) number(row);
  const at = (item: Item) => index.get(item) ?? 0;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : rows.toReversed()) {
      const wanted = new Map(
        row.map((item) => {
          const near = item.near.filter(({ item: other }) =>
            down ? other.rank < item.rank : other.rank > item.rank,
          );
          return [item, middleOf(near, at, at(item))];
        }),
      );
      row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      number(row);
    }
  }
}

const between = (a: Item, b: Item): number =>
  (a.width + b.width) / 2 + (a.node && b.node ? GAP : LANE);

/** Moves the items of a row towards their neighbours, as far as there is room. */
function settle(row: Item[]): void {
  for (const item of row) if (!item.isSpine) item.x = middleOf(item.near, ({ x }) => x, item.x);
  const spine = Math.max(
    0,
    row.findIndex(({ isSpine }) => isSpine),
  );
  for (const [i, item] of row.entries()) {
    const previous = row[i - 1];
    if (i > spine && previous) item.x = Math.max(item.x, previous.x + between(previous, item));
  }
  for (const [i, item] of [...row.entries()].reverse()) {
    const next = row[i + 1];
    if (i < spine && next) item.x = Math.min(item.x, next.x - between(item, next));
  }
}

/** Places all rows around the main path, which is straight. */
function place(rows: Item[][]): void {
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) settle(row);
  }
  const all = rows.flat();
  const left = Math.min(...all.map(({ x, width }) => x - width / 2));
  for (const item of all) item.x = Math.round(item.x - left);
}

/** Marks the longest path from the start without error transitions. */
function markSpine(start: string, routed: Routed[]): void {
  const longest = new Map<string, Routed[]>();
  const from = (name: string): Routed[] => {
    const known = longest.get(name);
    if (known) return known;
    const ways = routed
      .filter((edge) => edge.from === name && edge.kind !== 'catch' && isForward(edge))
      .map((edge) => [edge, ...from(edge.to)]);
    const [best = []] = ways.sort((a, b) => b.length - a.length);
    longest.set(name, best);
    return best;
  };
  for (const item of from(start).flatMap(({ path }) => path)) item.isSpine = true;
}

const join = (a: Item, b: Item, weight: number): void => {
  a.near.push({ item: b, weight });
  b.near.push({ item: a, weight });
};

/** An edge with every item on its path, from start to end. */
interface Routed extends Edge {
  path: Item[];
}

const isForward = ({ path }: Routed): boolean => (path[0]?.rank ?? 0) < (path.at(-1)?.rank ?? 0);

/** The places of an edge in the rows that it passes. Edges to the same state share them. */
function lanesOf(
  { to, kind }: Edge,
  [first, last]: [Item, Item],
  items: Map<string, Item>,
): Item[] {
  const step = first.rank < last.rank ? 1 : -1;
  const count = Math.max(0, Math.abs(last.rank - first.rank) - 1);
  return Array.from({ length: count }, (_, i) => {
    const rank = first.rank + step * (i + 1);
    const key = `${to} ${kind === 'catch' ? kind : step} ${rank}`;
    const lane = items.get(key) ?? { key, rank, width: 0, height: 0, x: 0, near: [] };
    items.set(key, lane);
    return lane;
  });
}

/** Gives every edge its place in the rows that it passes. */
function route(edges: Edge[], items: Map<string, Item>): Routed[] {
  return edges.flatMap((edge) => {
    const [from, to] = [items.get(edge.from), items.get(edge.to)];
    if (!from || !to) return [];
    const path = [from, ...lanesOf(edge, [from, to], items), to];
    for (const [i, item] of path.slice(1).entries()) {
      const previous = path[i] ?? from;
      join(previous, item, weights[edge.kind] * (previous.node || item.node ? 1 : 8));
    }
    return [{ ...edge, path }];
  });
}

/** Where an edge begins or ends at a state: side by side with others, ordered by where they lead. */
function portOf(routed: Routed[], edge: Routed, isEnd: boolean): number {
  const item = isEnd ? edge.path.at(-1) : edge.path[0];
  if (!item) return 0;
  const neighbour = ({ path }: Routed) => (path.at(-1) === item ? path.at(-2) : path[1]);
  const isAbove = (each: Routed) => (neighbour(each)?.rank ?? 0) < item.rank;
  const side = routed.filter(
    (each) =>
      (each.path[0] === item || each.path.at(-1) === item) && isAbove(each) === isAbove(edge),
  );
  // Lines that share a lane arrive at the same point.
  const lanes = [...new Set(side.map(neighbour))].sort((a, b) => (a?.x ?? 0) - (b?.x ?? 0));
  const spine = item.isSpine ? lanes.findIndex((lane) => lane?.isSpine) : -1;
  const middle = spine < 0 ? (lanes.length - 1) / 2 : spine;
  const offset = lanes.indexOf(neighbour(edge)) - middle;
  return item.x + offset * APART;
}

/** Lays out a workflow: a chain with choices, error transitions and maps. */
export function layout(graph: Graph): Layout {
  const { nodes } = graph;
  const back = backEdges(graph);
  const edges = edgesOf(graph);
  const forward = edges.filter(({ from, to }) => !back.has(`${from} ${to}`));
  const ranks = ranksOf(nodes, forward);
  const items = new Map(nodes.map((node) => [node.name, itemOf(node, ranks.get(node.name) ?? 0)]));
  const routed = route(edges, items);
  const rows: Item[][] = [];
  for (const item of items.values()) {
    rows[item.rank] ??= [];
    rows[item.rank]?.push(item);
  }
  markSpine(graph.start, routed);
  order(rows);
  place(rows);
  const tops: number[] = [];
  let y = 0;
  const heights = rows.map((row) => Math.max(...row.map(({ height }) => height)));
  for (const [rank] of rows.entries()) {
    tops.push(y);
    y += (heights[rank] ?? 0) + ROW_GAP;
  }
  const edgesAt = (item: Item): [top: number, bottom: number] => {
    const top = tops[item.rank] ?? 0;
    return [top, top + (item.node ? item.height : (heights[item.rank] ?? 0))];
  };
  const pointsOf = (edge: Routed): Drawn['points'] =>
    edge.path.flatMap((item, i): Drawn['points'] => {
      const [previous, next] = [edge.path[i - 1], edge.path[i + 1]];
      const [top, bottom] = edgesAt(item);
      const isDown = (next ?? item).rank > (previous ?? item).rank;
      const [entry, exit] = isDown ? [top, bottom] : [bottom, top];
      if (!previous) return [[portOf(routed, edge, false), exit]];
      if (!next) return [[portOf(routed, edge, true), entry]];
      return [
        [item.x, entry],
        [item.x, exit],
      ];
    });
  const all = [...items.values()];
  return {
    width: Math.max(...all.map(({ x, width }) => x + width / 2)),
    height: y - ROW_GAP,
    nodes: all.flatMap(({ node, inside, width, height, ...item }): Placed[] =>
      node
        ? [
            {
              node,
              x: item.x - width / 2,
              y: tops[item.rank] ?? 0,
              width,
              height,
              ...(inside && { inside }),
            },
          ]
        : [],
    ),
    ways: routed.map((edge) => ({
      from: edge.from,
      to: edge.to,
      kind: edge.kind,
      points: pointsOf(edge),
    })),
  };
}

/** The offset of the states within a map. */
export const INSIDE = { x: PAD, y: HEAD };
