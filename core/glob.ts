/**
 * Whether a name matches a glob: `*` is any run of characters, `?` any one, everything else itself.
 * Linear in the name for each star, so no glob can stall a Lambda.
 */
export function globMatches(glob: string, name: string): boolean {
  let g = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (glob[g] === '*') {
      star = g++;
      resume = n;
    } else if (glob[g] === '?' || glob[g] === name[n]) {
      g++;
      n++;
    } else if (star >= 0) {
      g = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

/** A glob of a list: one that begins with `!` excludes the names that it matches. */
export const isExclusion = (glob: string): boolean => glob.startsWith('!');

/**
 * Whether a list of globs includes a name. As in a .gitignore the last glob that matches decides, and
 * one that begins with `!` excludes.
 */
export function globsInclude(globs: string[], name: string): boolean {
  const deciding = globs.findLast((glob) =>
    globMatches(isExclusion(glob) ? glob.slice(1) : glob, name),
  );
  return deciding !== undefined && !isExclusion(deciding);
}

/** Whether a list of globs includes every name, so that none has to be known. */
export const globsIncludeAll = (globs: string[]): boolean =>
  globs.slice(globs.findLastIndex(isExclusion) + 1).some((glob) => /^\*+$/.test(glob));
