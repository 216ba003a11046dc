import type { SideBlock } from './protocol.ts';

/** How many lines two texts have in common from each pair of lines on. */
function commonFrom(before: string[], after: string[]): Uint32Array[] {
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const [down = 0, right = 0] = [common[i + 1]?.[j], common[i]?.[j + 1]];
      const both = (common[i + 1]?.[j + 1] ?? 0) + 1;
      const row = common[i];
      if (row) row[j] = before[i] === after[j] ? both : Math.max(down, right);
    }
  }
  return common;
}

/**
 * Two texts side by side: blocks of equal lines, and of lines that differ.
 *
 * @see https://en.wikipedia.org/wiki/Longest_common_subsequence
 */
export function sideBySide(beforeText: string, afterText: string): SideBlock[] {
  const [before, after] = [beforeText.split('\n'), afterText.split('\n')];
  const common = commonFrom(before, after);
  const blocks: SideBlock[] = [];
  const put = (isSame: boolean, old: string[], now: string[]) => {
    const last = blocks.at(-1);
    if (last?.isSame === isSame) {
      last.before.push(...old);
      last.after.push(...now);
    } else blocks.push({ isSame, before: old, after: now });
  };
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old !== undefined && old === now) {
      put(true, [old], [now]);
      i++;
      j++;
    } else if (old !== undefined && (common[i + 1]?.[j] ?? 0) >= (common[i]?.[j + 1] ?? 0)) {
      put(false, [old], []);
      i++;
    } else {
      put(false, [], now === undefined ? [] : [now]);
      j++;
    }
  }
  return blocks;
}
