import type { Mistake } from './mistake.ts';

/** A deliberate mistake, and a seed that detects it. */
export interface Bug extends Mistake {
  seed: number;
}

/** The source of a file with a new seed for one mistake; undefined if the file does not have the mistake. */
export function pinned(source: string, name: string, seed: number): string | undefined {
  const mark = `name: '${name}',\n    seed: `;
  const at = source.indexOf(mark) + mark.length;
  if (at < mark.length) return undefined;
  return `${source.slice(0, at)}${source.slice(at).replace(/^\d+/, String(seed))}`;
}
