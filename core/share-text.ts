import { isWrittenShares, type WrittenShare } from './records.ts';
import { isObject } from './shape.ts';

// Requests of one link have the same links and principal tags. Of 200 requests with the longest tag
// maps that links.yml takes, these are all but a few of 15 MB.
const REPEATED: ReadonlySet<string> = new Set(['links', 'principalTags']);

// Below this nothing is gained, and a person who looks into the table reads plain JSON.
const PLAIN_BYTES = 100_000;

/** The shares of a write as text: of many or long ones, what repeats is there once. */
export function textOfShares(shares: WrittenShare[]): string {
  const plain = JSON.stringify(shares);
  if (Buffer.byteLength(plain) <= PLAIN_BYTES) return plain;
  const places = new Map<string, number>();
  const place = (value: object): number => {
    const text = JSON.stringify(value);
    const known = places.get(text) ?? places.size;
    places.set(text, known);
    return known;
  };
  const compact = JSON.stringify(shares, (key, value: unknown) =>
    REPEATED.has(key) && typeof value === 'object' && value !== null ? place(value) : value,
  );
  return `{"repeated":[${[...places.keys()].join(',')}],"shares":${compact}}`;
}

/** The shares of a text; undefined where it holds anything else. */
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
