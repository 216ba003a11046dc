import { styleText } from 'node:util';
import { cutTo } from './table.ts';

// Less of the links says nothing.
const LEAST = 8;
const BRACKETS = ' ()'.length;

/**
 * The line above what is about one identity pool.
 *
 * @param rest what comes after the links, which are cut where the line would be longer than the width.
 */
export function heading(
  { identityPoolId, links }: { identityPoolId: string; links: string[] },
  rest: string,
  width: number,
): string {
  const room = Math.max(0, width - identityPoolId.length - rest.length);
  const named =
    links.length > 0 && room >= LEAST ? ` (${cutTo(links.join(', '), room - BRACKETS)})` : '';
  return `${styleText('bold', identityPoolId)}${named}${rest}`;
}
