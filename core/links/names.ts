import type { Links } from './links.ts';

// A message has no room for all of 200 KB of links.
const MOST = 10;

/** How many letters must be added, removed or replaced to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * Lists the links for a person who named one that does not exist: all of them, or only those with the most similar
 * names if there are very many.
 */
export function linksText(links: Links, asked: unknown): string {
  const names = Object.keys(links);
  if (names.length === 0) return 'It has no links.';
  if (names.length <= MOST) return `It has ${names.join(', ')}.`;
  const word = String(asked).slice(0, 40);
  const nearest = names
    .map((name) => ({ name, far: distance(word, name) }))
    .sort((a, b) => a.far - b.far)
    .slice(0, MOST)
    .map(({ name }) => name);
  return `It has ${nearest.join(', ')} and ${names.length - MOST} more.`;
}
