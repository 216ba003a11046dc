import type { Row, Verdict } from './probe.ts';

const columns = [
  { title: '', width: 9 },
  { title: 'about', width: 38 },
  { title: 'believed', width: 34 },
  { title: 'seen', width: 34 },
  { title: 'request id', width: 36 },
];

// The report has the complete text.
const LONGEST_DETAIL = 400;

/** Breaks a text into lines, between words if possible. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return [...lines, line];
}

function rendered(cells: string[]): string {
  const parts = columns.map(({ width }, i) => wrapped(cells[i] ?? '', width));
  const height = Math.max(...parts.map((part) => part.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map(({ width }, i) => (parts[i]?.[line] ?? '').padEnd(width))
      .join('  ')
      .trimEnd(),
  ).join('\n');
}

const verdicts: Verdict[] = ['same', 'different', 'not tried', 'failed'];

/** How many lines there are of each verdict: `50 same, 1 different, 3 not tried, 0 failed`. */
const countsOf = (rows: Row[]): string =>
  verdicts
    .map((verdict) => `${rows.filter((row) => row.verdict === verdict).length} ${verdict}`)
    .join(', ');

/** The belief and the result, one line for each belief, and the details of differences. */
export function tableOf(rows: Row[]): string {
  const lines = rows.map(({ verdict, probe, about, believed, seen, requestId = '' }) =>
    rendered([verdict, `${probe}: ${about}`, believed, seen, requestId]),
  );
  const rule = columns.map(({ width }) => '-'.repeat(width)).join('  ');
  const differences = rows
    .filter(({ verdict }) => verdict === 'different')
    .map(({ probe, about, detail, source }) =>
      [
        `${probe}: ${about}`,
        ...(detail ? [`  seen: ${detail.slice(0, LONGEST_DETAIL)}`] : []),
        `  source: ${source}`,
      ].join('\n'),
    );
  return [
    rendered(columns.map(({ title }) => title)),
    rule,
    ...lines,
    '',
    ...differences,
    `${countsOf(rows)}.`,
  ].join('\n');
}
