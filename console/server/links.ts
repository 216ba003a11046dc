import type { DeployedLinks } from '../../cli/settings/deployed-links.ts';
import { isReordered, type LinkChange, linkChanges } from '../../core/links/difference.ts';
import type { Link, Links } from '../../core/links/links.ts';
import { mapOf, sourcesOf } from './map.ts';
import type { LinkChangeView, LinksView, LinkView, MapView } from './protocol.ts';

// In characters. A map of principal tags may have 25,000.
const LONGEST = 200;

const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;

const textOf = (value: unknown): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);

// What a table has in columns of their own.
const COLUMNS: (keyof Link)[] = ['userPools', 'userPoolTags', 'clients', 'identityPool'];

const isColumn = (key: string): boolean => COLUMNS.some((column) => column === key);

const linkView = ([name, link]: [string, Link]): LinkView => ({
  name,
  userPools: sourcesOf(link),
  clients: link.clients,
  identityPoolId: link.identityPool,
  settings: Object.entries(link)
    .filter(([key]) => !isColumn(key))
    .map(
      ([key, value]) =>
        `${key}: ${shortened(typeof value === 'string' ? value : JSON.stringify(value))}`,
    ),
});

const changeView = (change: LinkChange): LinkChangeView => {
  const { op, link } = change;
  const keys = change.op === 'change' ? change.keys : [];
  return {
    op,
    link,
    keys: keys.map(({ key, before, after }) => {
      const [old, now] = [textOf(before), textOf(after)];
      return {
        key,
        ...(old !== undefined && { before: old }),
        ...(now !== undefined && { after: now }),
      };
    }),
  };
};

const viewsOf = (links: Links): LinkView[] =>
  Object.entries(links)
    .map(linkView)
    .sort((a, b) => a.name.localeCompare(b.name));

// To arrange more takes more than a few seconds.
const MOST_DRAWN = 250;

const maps = new WeakMap<Links, MapView>();

/** The map of links, which is arranged once. */
function drawn(links: Links): Pick<LinksView, 'map'> {
  if (Object.keys(links).length > MOST_DRAWN) return {};
  const map = maps.get(links) ?? mapOf(links);
  maps.set(links, map);
  return { map };
}

/** The links that are deployed, their map, and what deploying the file of the working copy would change. */
export async function linksView(links: DeployedLinks): Promise<LinksView> {
  const asOf = new Date().toISOString();
  const { deployed, file, here, problem } = await links.find();
  return {
    file,
    asOf,
    ...(problem !== undefined && { problem }),
    ...(deployed && { deployed: viewsOf(deployed), ...drawn(deployed) }),
    ...(deployed && here && { changes: linkChanges(deployed, here).map(changeView) }),
    ...(deployed && here && isReordered(deployed, here) && { isReordered: true as const }),
  };
}
