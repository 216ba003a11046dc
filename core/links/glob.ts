/**
 * Whether a name matches a glob: `*` stands for any characters, `?` for any one, and everything else for itself.
 * The time is linear in the name for each star, so no glob can stall a Lambda function.
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
 * Whether a list of globs includes a name. As in a .gitignore, the last glob that matches decides, and a glob that
 * begins with `!` excludes.
 */
export function globsInclude(globs: string[], name: string): boolean {
  const deciding = globs.findLast((glob) =>
    globMatches(isExclusion(glob) ? glob.slice(1) : glob, name),
  );
  return deciding !== undefined && !isExclusion(deciding);
}

/** Whether a list of globs includes every name. Then no name has to be looked up. */
export const globsIncludeAll = (globs: string[]): boolean =>
  globs.slice(globs.findLastIndex(isExclusion) + 1).some((glob) => /^\*+$/.test(glob));

/** Whether a glob without its `!` matches one name only. */
export const isLiteral = (glob: string): boolean => !/[*?]/.test(glob);

/**
 * Whether a glob matches every name that another glob matches. True is certain. False may be wrong if both have
 * wildcards.
 */
export const subsumes = (glob: string, other: string): boolean =>
  // A ? stands for one character, so it must not match the * of the other.
  (!glob.includes('?') || !other.includes('*')) && globMatches(glob, other);

/** Whether there is a name that both globs match. */
export function globsMeet(a: string, b: string): boolean {
  // meets[j] says whether one name matches both the rest of a, from the place of this row on, and the rest of b,
  // from j on.
  let meets = Array.from({ length: b.length + 1 }, (_, j) => /^\**$/.test(b.slice(j)));
  for (let i = a.length - 1; i >= 0; i--) {
    const below = meets;
    meets = [];
    for (let j = b.length; j >= 0; j--) {
      const next = meets[j + 1] ?? false;
      if (a[i] === '*') meets[j] = below[j] === true || next;
      else if (b[j] === '*') meets[j] = next || below[j] === true;
      else meets[j] = j < b.length && fits(a[i], b[j]) && below[j + 1] === true;
    }
  }
  return meets[0] === true;
}

const fits = (a: string | undefined, b: string | undefined): boolean =>
  a === '?' || b === '?' || a === b;
