import { layout as arrange, Graph as Sheet } from '@dagrejs/dagre';
import type { Link, Links } from '../../core/links/links.ts';
import type { MapView } from './protocol.ts';

const HEIGHT = 30;

// In pixels. An id of an identity pool is the longest, and its end may be what differs.
const WIDTHS: Record<Kind, number> = { 'user pool': 240, link: 240, 'identity pool': 350 };

type Kind = MapView['nodes'][number]['kind'];

/** The user pools of a link: their ids, and the tags that they are found by. */
export const sourcesOf = ({ userPools = [], userPoolTags }: Link): string[] => {
  const tags = Object.entries(userPoolTags ?? {}).map(([key, value]) => `${key}=${value}`);
  return [...userPools, ...(userPoolTags ? [`tags ${tags.join(', ')}`] : [])];
};

const keyOf = (kind: Kind, name: string): string => `${kind} ${name}`;

/**
 * Where the map of links draws user pools, links and identity pools, from left to right.
 *
 * @see https://github.com/dagrejs/dagre/wiki
 */
export function mapOf(links: Links): MapView {
  const sheet = new Sheet();
  sheet.setGraph({ rankdir: 'LR', ranksep: 90, nodesep: 12 });
  const nodes = new Map<string, { kind: Kind; name: string }>();
  const ways: { from: string; to: string }[] = [];
  const place = (kind: Kind, name: string): string => {
    const key = keyOf(kind, name);
    nodes.set(key, { kind, name });
    // dagre writes into what it is given.
    sheet.setNode(key, { width: WIDTHS[kind], height: HEIGHT });
    return key;
  };
  const join = (from: string, to: string): void => {
    ways.push({ from, to });
    sheet.setEdge(from, to, {});
  };
  for (const [name, link] of Object.entries(links)) {
    const own = place('link', name);
    for (const source of sourcesOf(link)) join(place('user pool', source), own);
    join(own, place('identity pool', link.identityPool));
  }
  arrange(sheet);
  const spots = new Map(
    [...nodes].map(([key, node]) => {
      const { x, y } = sheet.node(key) as { x: number; y: number };
      const width = WIDTHS[node.kind];
      const [left, top] = [Math.round(x - width / 2), Math.round(y - HEIGHT / 2)];
      return [key, { ...node, x: left, y: top, width, height: HEIGHT }];
    }),
  );
  const placed = [...spots.values()];
  return {
    width: Math.max(0, ...placed.map(({ x, width }) => x + width)),
    height: Math.max(0, ...placed.map(({ y }) => y + HEIGHT)),
    nodes: placed,
    ways: ways.map(({ from, to }) => {
      const [start, end] = [spots.get(from), spots.get(to)];
      const middle = HEIGHT / 2;
      return [
        [(start?.x ?? 0) + (start?.width ?? 0), (start?.y ?? 0) + middle],
        [end?.x ?? 0, (end?.y ?? 0) + middle],
      ];
    }),
  };
}
