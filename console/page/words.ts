import type { DifferenceLine } from '../../cli/output/changes.ts';
import { moment } from '../../cli/output/times.ts';
import type { Action, ResultView, Row } from '../server/protocol.ts';
import { type Attributes, type Child, h } from './dom.ts';

export const time = (iso: string): HTMLElement => h('time', { datetime: iso }, moment(iso));

/** Text that may be long and have no blanks: it is broken where its parts end, before anywhere else. */
export const breakable = (text: string): Child =>
  text
    .split(/(?<=[:/])(?![:/])/)
    .flatMap((part, i): Child[] => (i === 0 ? [part] : [h('wbr'), part]));

export const code = (text: string): HTMLElement => h('code', {}, breakable(text));

/** What a program said went wrong, in a sentence. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What went wrong, where it did. */
export const problem = (...sentence: Child[]): HTMLElement =>
  h('p', { class: 'sentence', role: 'alert' }, sentence);

/** What the last look has found wrong; it may be long. */
export const failure = (error: string, message: string): HTMLElement =>
  h(
    'p',
    { class: 'sentence', ...(message.length > 600 && { tabindex: 0 }) },
    ...[h('strong', {}, `${error}: `), breakable(message)],
  );

/** By which links. */
export const byLinks = (links: string[]): Child =>
  links.length > 0 && `${links.length === 1 ? 'link' : 'links'} ${links.join(', ')}`;

/** For those who hear the page and do not see it. */
export const unseen = (text: string): HTMLElement => h('span', { class: 'unseen' }, text);

/** A button, by the name of what it does. */
export const button = (deed: string, attributes: Attributes, ...words: Child[]): HTMLElement =>
  h('button', { type: 'button', 'data-do': deed, ...attributes }, ...words);

/** A button that shows what an action would do. */
export const planButton = (action: Action, ...words: Child[]): HTMLElement =>
  button('plan', { 'data-action': JSON.stringify(action) }, ...words);

/** A part of the page with its heading, and beside that what one can do about it. */
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

/** A table that scrolls within its place. */
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

/** What came of one identity pool, or would come of it. */
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
