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

/** Whether a glob without its `!` matches one name only. */
export const isLiteral = (glob: string): boolean => !/[*?]/.test(glob);

/**
 * Whether a glob matches every name that another matches. Yes is certain; no may be wrong where both have
 * wildcards.
 */
export const subsumes = (glob: string, other: string): boolean =>
  // A ? is one character and must not pass for the other's *.
  (!glob.includes('?') || !other.includes('*')) && globMatches(glob, other);

/** Whether there is a name that both globs match. */
export function globsMeet(a: string, b: string): boolean {
  // meets[j]: whether what is left of a, from the row's place on, and of b, from j on, match one name.
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
