import type { JSX } from 'preact';
import type { DifferenceLine } from '../../cli/output/changes.ts';
import type { ResultView, Row } from '../server/protocol.ts';
import { Sides } from './sides.tsx';
import { Badge, breakable, byLinks, Facts, Failed, type Tone, Unseen } from './words.tsx';

const tones: Record<string, Tone> = {
  SUCCEEDED: 'good',
  LINKED: 'good',
  UNLINKED: 'good',
  REPAIRED: 'good',
  RUNNING: 'info',
  PLANNED: 'info',
  WAITS: 'warn',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
  ABORTED: 'bad',
};

const toneOf = (outcome: string): Tone => tones[outcome] ?? 'plain';

/** The status of an execution as a badge. */
export function StatusBadge({
  row: { status, outcome, at, wouldFail },
}: {
  row: Row;
}): JSX.Element {
  if (status === 'RUNNING') {
    if (at === 'RequestApproval') return <Badge tone="warn" word="waits for approval" />;
    return <Badge tone="info" word={at ?? 'running'} />;
  }
  if (status !== 'SUCCEEDED') return <Badge tone="bad" word={outcome ?? status} />;
  if (wouldFail) return <Badge tone="warn" word={outcome ?? status} />;
  const [first = ''] = (outcome ?? '').split(/[ ,]/);
  return <Badge tone={outcome ? toneOf(first) : 'good'} word={outcome || status} />;
}

const spoken = { '+': 'added: ', '-': 'removed: ', '~': 'changed: ' } as const;
const kinds = { '+': 'added', '-': 'removed', '~': 'changed' } as const;

/** A difference, one line for each change. */
export const Difference = ({
  lines,
  label,
}: {
  lines: DifferenceLine[];
  label: string;
}): JSX.Element => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reached by keyboard
  <ol class="difference" aria-label={label} tabIndex={0}>
    {lines.map(({ sign, what }, i) => (
      <li key={`${i} ${what}`} class={kinds[sign]}>
        <span class="sign" aria-hidden="true">
          {sign}
        </span>
        <Unseen>{spoken[sign]}</Unseen>
        {what}
      </li>
    ))}
  </ol>
);

function Message({ result: { error, message } }: { result: ResultView }) {
  if (message === undefined) return null;
  return error === undefined ? (
    <p>{breakable(message)}</p>
  ) : (
    <Failed error={error} message={message} />
  );
}

/** The result for one identity pool, or the result that a plan would have. */
export function ResultCard({ result }: { result: ResultView }): JSX.Element {
  const { identityPoolId: title = '', links, outcome, lines, message } = result;
  const { whole = [], changedSince = [], cancelled = [] } = result;
  return (
    <article class="result" aria-label={`Result for ${title}`.trim()}>
      <h3>
        <Badge tone={result.error === undefined ? toneOf(outcome) : 'bad'} word={outcome} /> {title}
      </h3>
      {links.length > 0 && <p class="dim">{byLinks(links)}</p>}
      <Message result={result} />
      {lines.length > 0 && <Difference lines={lines} label={`Changes in ${title}`} />}
      {lines.length === 0 && message === undefined && <p class="dim">No change.</p>}
      {cancelled.length > 0 && (
        <p>Cancelled by another request in the same write, so the identity pool never had:</p>
      )}
      {cancelled.length > 0 && <Difference lines={cancelled} label="Cancelled" />}
      {whole.length > 0 && <p class="dim">The whole write, shared with other requests:</p>}
      {whole.length > 0 && <Difference lines={whole} label="The whole write" />}
      {changedSince.length > 0 && <p>Changed since, by another execution or by others:</p>}
      {changedSince.length > 0 && <Difference lines={changedSince} label="Changed since" />}
      {result.facts.length > 0 && <Facts facts={result.facts} />}
      {result.sides && <Sides blocks={result.sides} label={`${title} before and after`} />}
    </article>
  );
}
