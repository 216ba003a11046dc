/** A change of the source, and whether a test detected it. */
interface Mutant {
  /** The name that Stryker uses. */
  status: string;
  line: number;
  column: number;
  mutator: string;
  replacement: string;
}

/** The mutants of a file, each with its result. */
export interface Tried {
  file: string;
  /** Digest of the file at the time of the run. */
  digest: string;
  /** ISO 8601. */
  date: string;
  mutants: Mutant[];
}

const SEEN = ['Killed', 'Timeout'];
const UNSEEN = ['Survived', 'NoCoverage'];

const count = (mutants: Mutant[], statuses: string[]): number =>
  mutants.filter(({ status }) => statuses.includes(status)).length;

// The percentage of a folder's mutants that must be detected.
const LEAST: Record<string, number> = { core: 95, functions: 90, aws: 90 };

const shareSeen = (mutants: Mutant[]): number => {
  const [seen, unseen] = [count(mutants, SEEN), count(mutants, UNSEEN)];
  return seen + unseen === 0 ? 100 : (100 * seen) / (seen + unseen);
};

/** A sentence for each folder with too few detected mutants. */
export function tooFewIn(tried: Tried[]): string[] {
  return Object.entries(LEAST).flatMap(([folder, least]) => {
    const files = tried.filter(({ file }) => file.startsWith(`${folder}/`));
    const share = shareSeen(files.flatMap(({ mutants }) => mutants));
    if (share >= least) return [];
    return `${share.toFixed(1)} % of the mutants of ${folder}/ were detected; ${least} % are required.`;
  });
}

const row = (name: string, date: string, mutants: Mutant[]): string => {
  const [seen, unseen] = [count(mutants, SEEN), count(mutants, UNSEEN)];
  const share = `${shareSeen(mutants).toFixed(1)} %`;
  return `| ${[name, date, seen + unseen, seen, unseen, share].join(' | ')} |`;
};

/** A table of all files, and the mutants that no test detected, as lines of Markdown. */
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
