/** A change that was made, and whether anything saw it. */
interface Mutant {
  /** As Stryker names it. */
  status: string;
  line: number;
  column: number;
  mutator: string;
  replacement: string;
}

/** The mutants of a file, each with its result. */
export interface Tried {
  file: string;
  /** Of the file as it was tried. */
  digest: string;
  /** ISO 8601. */
  date: string;
  mutants: Mutant[];
}

const SEEN = ['Killed', 'Timeout'];
const UNSEEN = ['Survived', 'NoCoverage'];

const count = (mutants: Mutant[], statuses: string[]): number =>
  mutants.filter(({ status }) => statuses.includes(status)).length;

// Of a hundred mutants of a folder, as many must be seen.
const LEAST: Record<string, number> = { core: 95, functions: 90, aws: 90 };

const shareSeen = (mutants: Mutant[]): number => {
  const [seen, unseen] = [count(mutants, SEEN), count(mutants, UNSEEN)];
  return seen + unseen === 0 ? 100 : (100 * seen) / (seen + unseen);
};

/** The folders of which too few mutants were seen, each as a sentence. */
export function tooFewIn(tried: Tried[]): string[] {
  return Object.entries(LEAST).flatMap(([folder, least]) => {
    const files = tried.filter(({ file }) => file.startsWith(`${folder}/`));
    const share = shareSeen(files.flatMap(({ mutants }) => mutants));
    if (share >= least) return [];
    return `Of the mutants of ${folder}/ ${share.toFixed(1)} % were seen; it must be ${least} %.`;
  });
}

const row = (name: string, date: string, mutants: Mutant[]): string => {
  const [seen, unseen] = [count(mutants, SEEN), count(mutants, UNSEEN)];
  const share = `${shareSeen(mutants).toFixed(1)} %`;
  return `| ${[name, date, seen + unseen, seen, unseen, share].join(' | ')} |`;
};

/** A table of all files, and what no test saw, as lines of Markdown. */
export function linesOf(tried: Tried[]): string[] {
  const unseen = tried.flatMap(({ file, mutants }) =>
    mutants
      .filter(({ status }) => UNSEEN.includes(status))
      .map(({ line, column, mutator, replacement, status }) => {
        const put = replacement.replaceAll(/\s+/g, ' ').slice(0, 100);
        return `- ${file}:${line}:${column} ${mutator}${status === 'NoCoverage' ? ', never run' : ''}: \`${put}\``;
      }),
  );
  const all = tried.flatMap(({ mutants }) => mutants);
  return [
    '| File | Tried on | Mutants | Seen | Not seen | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...tried.map(({ file, date, mutants }) => row(file, date, mutants)),
    row(`${tried.length} files`, '', all),
    '',
    ...unseen,
  ];
}
