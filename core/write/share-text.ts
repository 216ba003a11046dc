import { isObject } from '../shape.ts';
import { isWrittenShares, type WrittenShare } from './records.ts';

// Requests of one link have the same links and principal tags. For 200 requests with the longest tag maps that
// links.yml allows, these are most of 15 MB.
const REPEATED: ReadonlySet<string> = new Set(['links', 'principalTags']);

// In characters. Below this size, nothing is gained, and a person who looks into the table can read plain JSON.
const PLAIN = 100_000;

/** The shares of a write as text. If they are many or long, the text has repeated values once. */
export function textOfShares(shares: WrittenShare[]): string {
  const places = new Map<string, number>();
  const known = new Map<object, [place: number, length: number]>();
  const placeOf = (value: object): [place: number, length: number] => {
    const text = JSON.stringify(value);
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return [place, text.length];
  };
  let plainLength = 0;
  const compact = JSON.stringify(shares, (key, value: unknown) => {
    if (!REPEATED.has(key) || typeof value !== 'object' || value === null) return value;
    const [place, length] = known.get(value) ?? placeOf(value);
    known.set(value, [place, length]);
    plainLength += length;
    return place;
  });
  if (compact.length + plainLength <= PLAIN) return JSON.stringify(shares);
  return `{"repeated":[${[...places.keys()].join(',')}],"shares":${compact}}`;
}

/** The shares in a text; undefined if it has anything else. */
export function sharesOfText(text: string): WrittenShare[] | undefined {
  try {
    const plain: unknown = JSON.parse(text);
    if (!isObject(plain)) return isWrittenShares(plain) ? plain : undefined;
    const { repeated } = plain;
    if (!Array.isArray(repeated)) return undefined;
    const { shares }: { shares?: unknown } = JSON.parse(text, (key, value: unknown) =>
      REPEATED.has(key) && typeof value === 'number' ? repeated[value] : value,
    );
    return isWrittenShares(shares) ? shares : undefined;
  } catch {
    return undefined;
  }
}
