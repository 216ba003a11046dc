/**
 * Seeds as the command line names them: `7`, `1..1000`, or several of these with commas between.
 *
 * @returns each seed once, in the order in which they are named; undefined where the text names none.
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
