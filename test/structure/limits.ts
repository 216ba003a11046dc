import { parse } from 'yaml';
import { read } from '../docs/pages.ts';

/** A time in milliseconds, or a number of things. */
export type Unit = 'ms' | 'count';

/** A sentence of a file in which `{}` stands for the value, as `25 seconds`, `an hour`, `1,000` or `three`. */
export type SaidIn = [file: string, sentence: string];

/** A member of a YAML or JSON file, by the names that lead to it; in seconds where the value is a time. */
export type SetIn = [file: string, path: string];

/** A time or a number that several files must agree on. */
export interface Limit {
  /** What it is called, and the file that decides it. */
  name: string;
  value: number;
  unit: Unit;
  said: SaidIn[];
  set: SetIn[];
}

const WORDS: Record<string, number> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  fifty: 50,
};

const UNITS: Record<string, number> = {
  ms: 1,
  s: 1000,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** The number that a text such as `1,000`, `three` or `25 seconds` stands for; NaN for any other text. */
export function quantityOf(text: string, unit: Unit): number {
  const [amount = '', of = ''] = text.toLowerCase().split(/\s+/);
  const number = WORDS[amount] ?? Number(amount.replaceAll(',', ''));
  if (unit === 'count') return number;
  return number * (UNITS[of] ?? UNITS[of.replace(/s$/, '')] ?? Number.NaN);
}

/** A time or a number as a sentence has it. */
export function textOf(value: number, unit: Unit): string {
  const number = (amount: number): string => amount.toLocaleString('en');
  if (unit === 'count') return number(value);
  const [name, ms] = Object.entries(UNITS).findLast(([, each]) => value % each === 0) ?? ['ms', 1];
  return `${number(value / ms)} ${name}${name.length > 2 && value !== ms ? 's' : ''}`;
}

/** A text in one line: without the marks of comments, and with single blanks. */
const inOneLine = (text: string): string =>
  text.replace(/\n\s*(?:#|\/\/|\*) /g, ' ').replace(/\s+/g, ' ');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What is wrong with a sentence that repeats a limit; undefined if it is right. */
export function problemInText(
  { name, value, unit }: Limit,
  [file, sentence]: SaidIn,
  text: string,
): string | undefined {
  const quantity = unit === 'ms' ? '([\\w,.]+ \\w+)' : '([\\d,]*\\d|\\w+)';
  const pattern = sentence.split('{}').map(escaped).join(quantity);
  const found = new RegExp(pattern).exec(inOneLine(text))?.[1];
  if (found === undefined) {
    return `${file} no longer has the sentence "${sentence}", which repeats ${name}: correct its row in test/structure/limits-table.ts.`;
  }
  if (quantityOf(found, unit) === value) return undefined;
  return `${file} says "${sentence.replace('{}', found)}", but ${name} is ${textOf(value, unit)}: correct ${file}.`;
}

/** What is wrong with a member of a YAML or JSON file that repeats a limit; undefined if it is right. */
export function problemInMember(
  { name, value, unit }: Limit,
  [file, path]: SetIn,
  content: unknown,
): string | undefined {
  const wanted = unit === 'ms' ? value / 1000 : value;
  const found = memberOf(content, path);
  if (found === wanted) return undefined;
  return `${file} has ${JSON.stringify(found)} as ${path}, but ${name} is ${textOf(value, unit)}: make it ${JSON.stringify(wanted)}.`;
}

/** A member of a parsed file, by the names that lead to it with dots between them. */
export const memberOf = (content: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, name) => (value as Record<string, unknown> | undefined)?.[name],
      content,
    );

/** The content of a YAML or JSON file. */
export const contentOf = (file: string): unknown => parse(read(file), { logLevel: 'error' });

/** What is wrong with the copies of limits, a sentence each. */
export const problemsOf = (limits: Limit[]): string[] =>
  limits.flatMap((limit) => [
    ...limit.said.flatMap((copy) => problemInText(limit, copy, read(copy[0])) ?? []),
    ...limit.set.flatMap((copy) => problemInMember(limit, copy, contentOf(copy[0])) ?? []),
  ]);

/** How often files say a time in the words of {@link textOf}, or in short as `25 s`, by file. */
export function mentionsOf(value: number, files: string[]): string[] {
  const long = textOf(value, 'ms');
  const words = new RegExp(`\\b(?:${long}|${value / 1000} s)\\b`, 'g');
  return files.flatMap((file) => [...inOneLine(read(file)).matchAll(words)].map(() => file));
}
