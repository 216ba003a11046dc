import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

const COLUMNS = 80;
const folder = new URL('golden/', import.meta.url);

/** Texts that differ between runs, by their replacements: the same length, so that columns stay. */
export type Stand = [text: string, stand: string];

const fit = (text: string, stand: string): string =>
  stand.padEnd(text.length, '.').slice(0, text.length);

/** Patterns of what differs between runs. */
const forms: [RegExp, string][] = [
  [/\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{3})?Z/g, '2026-01-31 12:00:00Z'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'e0e0e0e0-e0e0-e0e0-e0e0-e0e0e0e0e0e0'],
  [/\b[0-9a-f]{8}…/g, 'e0e0e0e0…'],
  // The end of the name of a role session.
  [/(?<=e0e0e0-)[0-9a-f]{8}\b/g, 'd1d1d1d1'],
  [/\b\d\d:\d\d:\d\d\.\d{3}\b/g, '12:00:00.000'],
];

// Identity pools of the tests have ids of zeros.
const isFixed = (text: string): boolean => text.startsWith('00000000');

// The length of a duration changes its column width.
const DURATION = /\b\d+(\.\d+)? m?s\b( *)/g;

// Sentences, commands and ARNs may be longer: the terminal wraps them.
const PROSE = /\. |\.$|\bpoolbridge |\barn:/;

function settled(text: string, stands: Stand[]): string {
  const byForm = forms.reduce(
    (all, [form, stand]) =>
      all.replace(form, (found) => (isFixed(found) ? found : fit(found, stand))),
    text.replace(DURATION, (_, __, gap: string) => `1 ms${gap && '  '}`),
  );
  return stands.reduce((all, [found, stand]) => {
    const short = `${found.slice(0, 8)}…`;
    return all
      .replaceAll(found, fit(found, stand))
      .replaceAll(short, fit(short, `${stand.slice(0, 8)}…`));
  }, byForm);
}

/**
 * Compares the output of a command in a terminal of 80 columns with a file. UPDATE_GOLDEN=1 rewrites the file.
 */
export function assertGolden(name: string, out: string, stands: Stand[] = []): void {
  for (const line of out.split('\n')) {
    const fits = line.length <= COLUMNS || PROSE.test(line);
    assert.ok(fits, `${name} has a line of ${line.length} characters: ${line}`);
  }
  const file = new URL(`${name}.txt`, folder);
  const text = settled(out, stands);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}
