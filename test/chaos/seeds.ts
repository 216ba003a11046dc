/**
 * Parses the seeds of the command line: `7`, `1..1000`, or a comma-separated list of these.
 *
 * @returns each seed once, in the given order; undefined if the text is not valid.
 */
export function seedsIn(text: string): number[] | undefined {
  const ranges = text.split(',').map((range) => /^(\d+)(?:\.\.(\d+))?$/.exec(range));
  const seeds = new Set<number>();
  for (const range of ranges) {
    const [, first, last = first] = range ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to)) return undefined;
    for (let seed = from; seed <= to; seed++) seeds.add(seed);
  }
  return [...seeds];
}
