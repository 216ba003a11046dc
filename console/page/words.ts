import type { DifferenceLine } from '../../cli/output/changes.ts';
import { moment } from '../../cli/output/times.ts';
import type { Action, ResultView, Row } from '../server/protocol.ts';
import { type Attributes, type Child, h } from './dom.ts';

export const time = (iso: string): HTMLElement => h('time', { datetime: iso }, moment(iso));

/** Long text without blanks, which may break after a colon or slash. */
export const breakable = (text: string): Child =>
  text
    .split(/(?<=[:/])(?![:/])/)
    .flatMap((part, i): Child[] => (i === 0 ? [part] : [h('wbr'), part]));

export const code = (text: string): HTMLElement => h('code', {}, breakable(text));

/** The message of an error. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** An error, shown at the place where it happened. */
export const problem = (...sentence: Child[]): HTMLElement =>
  h('p', { class: 'sentence', role: 'alert' }, sentence);

/** The failure of an identity pool; its message may be long. */
export const failure = (error: string, message: string): HTMLElement =>
  h(
    'p',
    { class: 'sentence', ...(message.length > 600 && { tabindex: 0 }) },
    h('strong', {}, `${error}: `),
    breakable(message),
  );

/** The names of links, with the word before them. */
export const byLinks = (links: string[]): Child =>
  links.length > 0 && `${links.length === 1 ? 'link' : 'links'} ${links.join(', ')}`;

/** Text for screen readers only. */
export const unseen = (text: string): HTMLElement => h('span', { class: 'unseen' }, text);

/** A button with the name of its handler. */
export const button = (handler: string, attributes: Attributes, ...words: Child[]): HTMLElement =>
  h('button', { type: 'button', 'data-do': handler, ...attributes }, ...words);

/** A button that opens the plan of an action. */
export const planButton = (action: Action, ...words: Child[]): HTMLElement =>
  button('plan', { 'data-action': JSON.stringify(action) }, ...words);

/** A section of the page with its heading and, beside it, its buttons. */
export const panel = (
  { id, title, beside }: { id: string; title: string; beside?: Child },
  ...children: Child[]
): HTMLElement =>
  h(
    'section',
    { class: 'panel', 'aria-labelledby': id },
    h('div', { class: 'head' }, h('h2', { id }, title), beside),
    children,
  );

/** A table in a region of its own that scrolls. */
export const table = (label: string, heads: string[], rows: HTMLElement[]): HTMLElement =>
  h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, rows),
    ),
  );

type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain';

const marks: Record<Tone, string> = { good: '✓', warn: '!', bad: '✕', info: '●', plain: '–' };

/** A status, shown by colour, mark and word. */
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

/** The status of an execution as a badge. */
export function statusBadge({ status, outcome, at }: Row): HTMLElement {
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

/** A difference, one line for each change. */
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
    facts.map(([what, value]) =>
      h(
        'div',
        {},
        h('dt', {}, what),
        h('dd', {}, typeof value === 'string' ? breakable(value) : value),
      ),
    ),
  );

const whole = (title: string, json: string | undefined): Child =>
  json !== undefined &&
  h(
    'details',
    {},
    h('summary', {}, title),
    h('pre', { tabindex: 0, role: 'region', 'aria-label': title }, json),
  );

/** The result for one identity pool, or the result that a plan would have. */
export function resultCard(result: ResultView): HTMLElement {
  const { identityPoolId, links, outcome, lines, whole: all = [], changedSince = [] } = result;
  const title = identityPoolId ?? '';
  return h(
    'article',
    { class: 'result', 'data-key': title },
    h('h3', {}, badge(result.error === undefined ? toneOf(outcome) : 'bad', outcome), ' ', title),
    links.length > 0 && h('p', { class: 'dim' }, byLinks(links)),
    result.message !== undefined &&
      (result.error === undefined
        ? h('p', {}, breakable(result.message))
        : failure(result.error, result.message)),
    lines.length > 0 && difference(lines, `Changes in ${title}`),
    lines.length === 0 && result.message === undefined && h('p', { class: 'dim' }, 'No change.'),
    all.length > 0 && h('p', { class: 'dim' }, 'The whole write, shared with other requests:'),
    all.length > 0 && difference(all, 'The whole write'),
    changedSince.length > 0 && h('p', {}, 'Changed since, by others:'),
    changedSince.length > 0 && difference(changedSince, 'Changed since'),
    result.facts.length > 0 && factList(result.facts),
    whole('The identity pool before', result.before),
    whole('The identity pool after', result.after),
  );
}
