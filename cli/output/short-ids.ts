import { firstPartOf, partSuffix } from '../../core/reconcile/parts.ts';

// Fewer characters may be enough among what is shown, and not tomorrow.
const FEWEST = 8;

/** Makes an id short. */
export type Shorten = (id: string) => string;

/** Leaves every id as it is. */
export const whole: Shorten = (id) => id;

/** How many of its first characters tell an id from its neighbours in the order of all ids. */
function lengthFor(id: string, neighbours: (string | undefined)[]): number {
  // The id of an identity pool begins with its Region.
  let length = id.indexOf(':') + 1 + FEWEST;
  while (neighbours.some((other) => other?.startsWith(id.slice(0, length)) && length < id.length)) {
    length += 1;
  }
  return length;
}

/**
 * Makes ids short: as many of their first characters as tell them from all others, and at least eight.
 *
 * @param ids those that are shown together.
 */
export function shortener(ids: Iterable<string>): Shorten {
  // The parts of a reconcile have its name, and a number.
  const sorted = [...new Set([...ids].map(firstPartOf))].sort();
  const lengths = new Map(
    sorted.map((id, i) => [id, lengthFor(id, [sorted[i - 1], sorted[i + 1]])]),
  );
  return (id) => {
    const own = firstPartOf(id);
    const length = lengths.get(own) ?? own.length;
    const short = own.length > length + 1 ? `${own.slice(0, length)}…` : own;
    return short + partSuffix(id);
  };
}
