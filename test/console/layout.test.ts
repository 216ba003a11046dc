import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { type Graph, graphOf } from '../../console/server/graph.ts';
import { type Drawn, type Layout, layout, type Placed } from '../../console/server/layout.ts';

const graphIn = (file: string): Graph =>
  graphOf(parse(readFileSync(new URL(`../../statemachines/${file}`, import.meta.url), 'utf8')));

const levels = (drawn: Layout): Layout[] => [
  drawn,
  ...drawn.nodes.flatMap(({ inside }) => (inside ? levels(inside) : [])),
];

/** The transitions of a workflow, those of each map after its own level. */
const transitions = ({ nodes }: Graph): string[] => [
  ...nodes.flatMap(({ name, ways }) => ways.map(({ to }) => `${name} → ${to}`)),
  ...nodes.flatMap(({ inside }) => (inside ? transitions(inside) : [])),
];

const areApart = (a: Placed, b: Placed): boolean =>
  a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

/** Whether a point is on the upper or lower edge of a state. */
const touches = (state: Placed, [x, y] = [Number.NaN, Number.NaN]): boolean =>
  x > state.x && x < state.x + state.width && [state.y, state.y + state.height].includes(y);

const covers = (state: Placed, [x, y]: [number, number]): boolean =>
  x > state.x && x < state.x + state.width && y >= state.y && y <= state.y + state.height;

function checkStates({ nodes, width, height }: Layout): void {
  for (const [i, a] of nodes.entries()) {
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
    for (const b of nodes.slice(i + 1)) {
      assert.ok(areApart(a, b), `${a.name} and ${b.name} overlap`);
    }
  }
}

function checkWay({ from, to, points }: Drawn, nodes: Placed[]): void {
  const named = (name: string) => nodes.find((node) => node.name === name)!;
  assert.ok(touches(named(from), points[0]), `${from} → ${to} does not begin at ${from}`);
  assert.ok(touches(named(to), points.at(-1)), `${from} → ${to} does not end at ${to}`);
  for (const point of points.slice(1, -1)) {
    const hit = nodes.find((state) => covers(state, point));
    assert.equal(hit, undefined, `${from} → ${to} runs through ${hit?.name}`);
  }
}

describe('the drawing of a workflow', () => {
  for (const file of ['link.asl.yml', 'reconcile.asl.yml']) {
    test(`has no overlapping states for ${file}, and no line through a state`, () => {
      const graph = graphIn(file);
      const drawn = levels(layout(graph));
      assert.deepEqual(
        drawn.flatMap(({ ways }) => ways.map(({ from, to }) => `${from} → ${to}`)),
        transitions(graph),
      );
      for (const level of drawn) {
        checkStates(level);
        const { nodes, ways } = level;
        for (const way of ways) checkWay(way, nodes);
      }
    });
  }

  test('leads from top to bottom, except for the transition that tries again', () => {
    const [, linking] = levels(layout(graphIn('link.asl.yml')));
    const up = linking!.ways.filter(({ points }) => points.at(-1)![1] < points[0]![1]);
    assert.deepEqual(
      up.map(({ from, to }) => [from, to]),
      [['TryAgain', 'DescribeIdentityPool']],
    );
  });
});
