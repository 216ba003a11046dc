import type { DifferenceLine } from '../../show.ts';
import type { ResultView, Row } from '../protocol.ts';
import { type Child, h } from './dom.ts';

/** A moment for people, to the second and in UTC. */
const moment = (time: string): string => `${time.slice(0, 19).replace('T', ' ')}Z`;

export const time = (iso: string): HTMLElement => h('time', { datetime: iso }, moment(iso));

/** How long something took, for people. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

export const code = (text: string): HTMLElement => h('code', {}, text);

/** For those who hear the page and do not see it. */
export const unseen = (text: string): HTMLElement => h('span', { class: 'unseen' }, text);

type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

const marks: Record<Tone, string> = { good: '✓', warn: '!', bad: '✕', info: '●', plain: '–' };

/** What something came to, by its colour, its mark and its word. */
export const badge = (tone: Tone, word: string): HTMLElement =>
  h(
    'span',
    { class: `badge ${tone}` },
    h('span', { 'aria-hidden': 'true' }, marks[tone]),
    ` ${word}`,
  );

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

/** How an execution stands, in a word or two. */
export function standing({ status, outcome, at }: Row): HTMLElement {
  if (status === 'RUNNING') {
    if (at === 'RequestApproval') return badge('warn', 'waits for approval');
    return badge('info', at ?? 'running');
  }
  if (status !== 'SUCCEEDED') return badge('bad', outcome ?? status);
  const [first = ''] = (outcome ?? '').split(/[ ,]/);
  return badge(outcome ? toneOf(first) : 'good', outcome || status);
}

const spoken = { '+': 'added: ', '-': 'removed: ', '~': 'changed: ' } as const;
const kinds = { '+': 'added', '-': 'removed', '~': 'changed' } as const;

/** A difference, one line for each thing. */
export const difference = (lines: DifferenceLine[], label: string): HTMLElement =>
  h(
    'ol',
    { class: 'difference', 'aria-label': label, tabindex: 0 },
    lines.map(({ sign, member, what }) =>
      h(
        'li',
        { class: kinds[sign] },
        h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
        unseen(spoken[sign]),
        h('span', { class: 'member' }, member),
        ` ${what}`,
      ),
    ),
  );

export const factList = (facts: [string, Child][]): HTMLElement =>
  h(
    'dl',
    { class: 'facts' },
    facts.map(([what, value]) => h('div', {}, h('dt', {}, what), h('dd', {}, value))),
  );

const whole = (title: string, json: string | undefined): Child =>
  json !== undefined &&
  h('details', {}, h('summary', {}, title), h('pre', { tabindex: 0, 'aria-label': title }, json));

/** What came of one identity pool, or would come of it. */
export function resultCard(result: ResultView): HTMLElement {
  const { identityPoolId, links, outcome, lines, whole: all = [], changedSince = [] } = result;
  const title = identityPoolId ?? '';
  return h(
    'article',
    { class: 'result', 'data-key': title },
    h('h3', {}, badge(result.error === undefined ? toneOf(outcome) : 'bad', outcome), ' ', title),
    links.length > 0 && h('p', { class: 'dim' }, `by the link ${links.join(', ')}`),
    result.message !== undefined &&
      h(
        'p',
        { class: result.error === undefined ? '' : 'sentence' },
        result.error !== undefined && h('strong', {}, `${result.error}: `),
        result.message,
      ),
    lines.length > 0 && difference(lines, `What changes in ${title}`),
    lines.length === 0 && result.message === undefined && h('p', { class: 'dim' }, 'No change.'),
    all.length > 0 && h('p', { class: 'dim' }, 'The whole write, which requests of others shared:'),
    all.length > 0 && difference(all, 'The whole write'),
    changedSince.length > 0 && h('p', {}, 'Changed since, by others:'),
    changedSince.length > 0 && difference(changedSince, 'Changed since'),
    result.facts.length > 0 && factList(result.facts),
    whole('The identity pool before', result.before),
    whole('The identity pool after', result.after),
  );
}
