import { createHash } from 'node:crypto';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { grouped } from '../../core/grouped.ts';
import { expanded, type ShownChange } from '../../core/identity-pool/changes.ts';
import { moment } from '../../core/moment.ts';
import { counted } from '../../core/sentence.ts';
import { visibleText } from '../../core/visible.ts';
import { openSentences } from './left-open.ts';
import { outcomeText } from './outcome-text.ts';
import { requestedByText } from './requested-by.ts';
import { duration } from './times.ts';

/** What an audit covers. */
export interface Scope {
  stage: string;
  account: string;
  region: string;
  /** ISO 8601. */
  from: string;
  until: string;
  identityPool?: string;
  userPool?: string;
  /** How many records are left out because they wrote nothing. */
  omitted: number;
}

/** Text that is already HTML. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = string | number | undefined | Html | Html[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(part: Part): string {
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(escaped).join('');
  return visibleText(String(part ?? '')).replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
}

/** A template that escapes every value that is not already HTML. */
const html = ([first = '', ...rest]: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(first + rest.map((text, i) => escaped(parts[i]) + text).join(''));

// A row of a table can't skip its layout, and a section can. A browser lays out only the sections that are near the
// screen, and all of them for paper.
// https://drafts.csswg.org/css-contain-2/#content-visibility
const ROWS_TOGETHER = 100;

const heads = [
  'Time',
  'Requested by',
  'Request',
  'Allowed by',
  'Identity pool',
  'Changes',
  'Role',
  'Verified',
  'Execution',
];

// On a phone each record is a block, and each cell has its head before it.
const phoneHeads = heads
  .map((head, i) => `tr > :nth-child(${i + 1})::before { content: "${head}"; }`)
  .join('\n  ');

const STYLE = `
:root { color-scheme: light dark; --line: #8886; --quiet: light-dark(#555, #aaa);
  --add: light-dark(#116329, #7ee787); --remove: light-dark(#a40e26, #ff9492); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: light-dark(#1b1b1b, #e6e6e6);
  background: light-dark(#fff, #16181c); }
section { content-visibility: auto; contain-intrinsic-size: auto ${ROWS_TOGETHER * 5}rem; }
table { border-collapse: collapse; width: 100%; margin-block: 1.5rem; table-layout: fixed; }
caption { text-align: start; font-weight: 600; padding-block: .5rem; }
th, td { border-block-start: 1px solid var(--line); padding: .45rem .6rem; text-align: start;
  vertical-align: top; overflow-wrap: anywhere; }
thead th { border: 0; }
thead th:first-child { width: 7rem; }
thead th:nth-child(6) { width: 22%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt, small { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
ins, del { display: block; text-decoration: none; font-family: ui-monospace, monospace; font-size: .85em; }
ins { color: var(--add); } del { color: var(--remove); }
@media screen and (max-width: 60rem) {
  body { margin: 1rem; }
  table, tbody, tr, caption, tr > * { display: block; }
  thead { display: none; }
  tr { border-block-start: 2px solid var(--line); padding-block: .5rem; }
  tr > * { border: 0; padding: .15rem 0; font-weight: 400; }
  tr > ::before { display: block; font-size: .8em; color: var(--quiet); }
  ${phoneHeads}
  section { contain-intrinsic-size: auto ${ROWS_TOGETHER * 25}rem; }
}
@page { size: landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; }
  body { margin: 0; font-size: 9px; }
  section { content-visibility: visible; }
  h1, caption { break-after: avoid; }
  tr { break-inside: avoid; }
}
`;

const styleHash = createHash('sha256').update(STYLE).digest('base64');
const POLICY = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;

const fact = (name: string, value: string | undefined): Html[] =>
  value === undefined || value === '' ? [] : [html`<dt>${name}</dt><dd>${value}</dd>`];

const changesShown = (changes: ShownChange[]): Html[] =>
  changes.flatMap(expanded).map(({ op, ...what }) => {
    const adds = op === 'add' || op === 'map' || op === 'tag';
    const text = JSON.stringify(what);
    return adds ? html`<ins>+ ${op} ${text}</ins>` : html`<del>− ${op} ${text}</del>`;
  });

const small = (text: string | undefined): Html =>
  text === undefined || text === '' ? html`` : html`<br><small>${text}</small>`;

/** The changes that the identity pool never had. */
const cancelledShown = ({ cancelled = [] }: AuditRecord): Html[] =>
  cancelled.length === 0
    ? []
    : [html`<br><small>cancelled in the same write:</small>`, ...changesShown(cancelled)];

function row(record: AuditRecord): Html {
  const { requestedBy, startedBy, approval, writtenBy } = record;
  const event = 'eventId' in requestedBy ? `event ${requestedBy.eventId}` : undefined;
  const proof = startedBy && `by CloudTrail ${startedBy.principalArn}, event ${startedBy.eventId}`;
  return html`<tr>
<th scope="row">${moment(record.started)}${small(duration(record.seconds))}</th>
<td>${requestedByText(requestedBy)}${small(event)}${small(proof)}</td>
<td>${record.operation} ${record.userPoolId}${small(record.clientId)}${small(record.undoes)}</td>
<td>${record.links.join(', ')}${small(approval && `approved by ${approval.approvedBy}: ${approval.reason}`)}</td>
<td>${record.identityPoolId}</td>
<td><strong>${outcomeText(record)}</strong>${changesShown(record.changes)}${cancelledShown(record)}${openSentences(record).map(small)}${small(record.error)}${small(record.message ?? record.wouldFail?.message)}</td>
<td>${record.assumedRoleArn ?? record.sessionName}${small(writtenBy && `written by ${writtenBy}`)}${small(record.written?.time)}</td>
<td>${record.verified}${small(record.attempts === undefined ? '' : `attempts: ${record.attempts}`)}</td>
<td>${record.execution}${small(`${record.status}, from the ${record.source}`)}</td>
</tr>
`;
}

/** A part of the table. Each part has the heads, for paper and for screen readers. */
function section(records: AuditRecord[], from: number, count: number): Html {
  return html`<section>
<table>
<caption>${from + 1} to ${from + records.length} of ${count}, from ${moment(records[0]?.started)}</caption>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${records.map(row)}</tbody>
</table>
</section>
`;
}

const sections = (records: AuditRecord[]): Html[] =>
  Array.from({ length: Math.ceil(records.length / ROWS_TOGETHER) }, (_, i) => {
    const from = i * ROWS_TOGETHER;
    return section(records.slice(from, from + ROWS_TOGETHER), from, records.length);
  });

/** The audit as one HTML file that loads nothing and runs no script. */
export function auditPage(scope: Scope, records: AuditRecord[], created: string): string {
  const outcomes = [...grouped(records, outcomeText)];
  const counts = outcomes.map(([outcome, group]) => `${outcome} ${group.length}`).join(', ');
  const { text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width">
<title>Poolbridge audit, ${moment(scope.from)} to ${moment(scope.until)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>Poolbridge audit</h1>
<dl>
${fact('Period', `${moment(scope.from)} to ${moment(scope.until)}`)}
${fact('Account', `${scope.account}, ${scope.region}, stage ${scope.stage}`)}
${fact('Identity pool', scope.identityPool)}
${fact('User pool', scope.userPool)}
${fact('Outcomes', counts || 'none')}
${fact('Left out', scope.omitted > 0 ? `${counted(scope.omitted, 'record')} of what wrote nothing; --all has ${scope.omitted === 1 ? 'it' : 'them'}` : undefined)}
${fact('Created', moment(created))}
</dl>
<p>${counted(records.length, 'record')}, one for each identity pool of each execution.</p>
${sections(records)}</body>
</html>
`;
  return text;
}
