import type { Machine } from '../../core/deployment.ts';
import type { Drift, Overview, PoolView, Row, Rows } from '../server/protocol.ts';
import { type Child, h } from './dom.ts';
import {
  badge,
  breakable,
  button,
  byLinks,
  code,
  failure,
  panel,
  planButton,
  statusBadge,
  table,
  time,
  unseen,
} from './words.ts';

/** What a person chose to see in the overview. */
export interface Looks {
  machine: Machine;
  /** Older pages that were loaded; they are not kept up to date. */
  older: Record<Machine, Rows | undefined>;
  /** Whether all identity pools are shown. */
  allPools: boolean;
}

// How many identity pools are shown at first.
const FEW = 10;

const tones = { linked: 'good', missing: 'warn', orphaned: 'warn', foreign: 'plain' } as const;

const toneOf = (state: string) => tones[state as keyof typeof tones] ?? 'bad';

const counts = (all: Record<string, number>): HTMLElement =>
  h(
    'ul',
    { class: 'counts', 'aria-label': 'Entries' },
    Object.entries(all)
      .filter(([state, count]) => count > 0 || state === 'linked')
      .map(([state, count]) => h('li', {}, badge(toneOf(state), `${count} ${state}`))),
  );

// The action that resolves a drifted entry.
const remedies: Record<string, 'link' | 'unlink'> = {
  missing: 'link',
  removed: 'link',
  orphaned: 'unlink',
  uncovered: 'unlink',
};

function remedy({ identityPoolId }: PoolView, drift: Drift, mayLink: boolean): Child {
  const kind = remedies[drift.state];
  if (!mayLink || !kind) return false;
  const { userPoolId, clientId } = drift;
  const word = kind === 'link' ? 'Link …' : 'Unlink …';
  return planButton({ kind, userPoolId, clientId, identityPoolId }, word, unseen(` ${clientId}`));
}

const driftTable = (pool: PoolView, mayLink: boolean): Child =>
  pool.drift.length > 0 &&
  table(
    `Drift of ${pool.identityPoolId}`,
    ['State', 'App client', 'User pool', 'Action'],
    pool.drift.map((drift) =>
      h(
        'tr',
        { 'data-key': `${drift.userPoolId} ${drift.clientId} ${drift.issuer}` },
        h('td', {}, badge(toneOf(drift.state), drift.state)),
        h('td', {}, code(drift.clientId), drift.clientName && ` ${drift.clientName}`),
        h('td', {}, code(drift.userPoolId), drift.issuer && ' (updated issuer)'),
        h('td', {}, remedy(pool, drift, mayLink)),
      ),
    ),
  );

function sinceText({ since: { linked, unlinked } }: PoolView): string {
  const parts = [linked > 0 && `${linked} linked`, unlinked > 0 && `${unlinked} unlinked`];
  const texts = parts.filter((part) => part !== false);
  return texts.length > 0 ? `; since then ${texts.join(', ')}` : '';
}

const isRepairable = ({ drift }: PoolView): boolean =>
  drift.some(({ repair }) => repair !== undefined);

const repairButton = ({ identityPoolId, links: [link] }: PoolView): Child =>
  link !== undefined &&
  planButton({ kind: 'repair', link }, 'Repair …', unseen(` ${identityPoolId}`));

const poolCard = (pool: PoolView, denied: Overview['about']['denied']): HTMLElement =>
  h(
    'article',
    { class: 'pool', 'data-key': pool.identityPoolId },
    h(
      'div',
      { class: 'head' },
      h('h3', {}, pool.identityPoolId),
      isRepairable(pool) && denied.reconcile === undefined && repairButton(pool),
    ),
    h(
      'p',
      { class: 'dim' },
      byLinks(pool.links),
      ' · as of ',
      h('a', { href: `#/execution/${pool.execution}` }, time(pool.asOf)),
      sinceText(pool),
    ),
    pool.counts && counts(pool.counts),
    pool.failure && failure(pool.failure.error, pool.failure.message),
    driftTable(pool, denied.link === undefined),
    pool.omitted !== undefined &&
      h('p', {}, `And ${pool.omitted} more; the log of ReconcileIdentityPool lists them.`),
  );

/** Why no identity pool is shown. */
function withoutPools({ reconcile }: Overview): HTMLElement {
  const [last] = reconcile.rows;
  if (!last) return h('p', { class: 'dim' }, 'No reconcile has run yet.');
  return h(
    'p',
    { class: 'dim' },
    last.status === 'RUNNING' ? 'A reconcile is running: ' : 'No reconcile has reported them: ',
    link(last, 'the last one'),
    ' ',
    statusBadge(last),
  );
}

function poolSection(overview: Overview, { allPools }: Looks): HTMLElement {
  const { pools, about } = overview;
  const mayReconcile = about.denied.reconcile === undefined;
  const shown = allPools ? pools : pools.slice(0, FEW);
  return panel(
    {
      id: 'pools',
      title: 'Identity pools',
      beside: mayReconcile && button('look', {}, 'Check for drift'),
    },
    pools.length === 0 && withoutPools(overview),
    shown.map((pool) => poolCard(pool, about.denied)),
    shown.length < pools.length && h('p', {}, button('all-pools', {}, `Show all ${pools.length}`)),
  );
}

const link = ({ execution, name }: Row, words = name): HTMLElement =>
  h('a', { href: `#/execution/${execution}`, title: name }, words);

const what = ({ operation = '', userPoolId, clientId, isDryRun }: Row): Child[] => [
  operation,
  isDryRun && h('span', { class: 'dim' }, ' (dry run)'),
  userPoolId !== undefined && [' ', code(userPoolId)],
  clientId !== undefined && [' ', code(clientId)],
];

const executionRow = (row: Row): HTMLElement =>
  h(
    'tr',
    { 'data-key': row.execution },
    h('td', {}, statusBadge(row)),
    h('td', { class: 'when' }, time(row.started)),
    h('td', { class: 'what' }, what(row)),
    h('td', { class: 'who' }, breakable(row.requestedBy ?? '')),
    h('td', { class: 'name' }, link(row)),
  );

function allRows({ rows }: Rows, older: Rows | undefined): Row[] {
  const live = new Set(rows.map(({ execution }) => execution));
  return [...rows, ...(older?.rows ?? []).filter(({ execution }) => !live.has(execution))];
}

const machines: [Machine, string][] = [
  ['link', 'Links'],
  ['reconcile', 'Reconciliations'],
];

const machineChoice = (chosen: Machine): HTMLElement =>
  h(
    'div',
    { class: 'buttons', role: 'group', 'aria-label': 'State machine' },
    machines.map(([name, word]) =>
      button('machine', { 'data-machine': name, 'aria-pressed': String(name === chosen) }, word),
    ),
  );

const columns = ['Outcome', 'Started', 'Request', 'Requested by', 'Execution'];

function executionSection(overview: Overview, { machine, older }: Looks): HTMLElement {
  const rows = overview[machine];
  const all = allRows(rows, older[machine]);
  const { next } = older[machine] ?? rows;
  return panel(
    { id: 'executions', title: 'Executions', beside: machineChoice(machine) },
    h(
      'div',
      { class: 'executions' },
      all.length === 0
        ? h('p', { class: 'dim' }, 'No executions.')
        : table('The executions, newest first', columns, all.map(executionRow)),
    ),
    next !== undefined && h('p', {}, button('older', { 'data-next': next }, 'Show older ones')),
  );
}

const field = (name: string, label: string, placeholder: string, isNeeded = true): HTMLElement =>
  h(
    'label',
    {},
    label,
    h('input', { name, placeholder, required: isNeeded, autocomplete: 'off', spellcheck: 'false' }),
  );

function requestSection({ about }: Overview): Child {
  if (about.denied.link !== undefined) return false;
  return panel(
    { id: 'ask', title: 'Link or unlink' },
    h(
      'form',
      { 'data-do': 'ask' },
      field('userPoolId', 'User pool', `${about.region}_…`),
      field('clientId', 'App client', 'its id'),
      field('identityPoolId', 'Identity pool (if empty, all that its links name)', '', false),
      h(
        'p',
        { class: 'buttons' },
        h('button', { type: 'submit', name: 'kind', value: 'link' }, 'Link …'),
        h('button', { type: 'submit', name: 'kind', value: 'unlink' }, 'Unlink …'),
      ),
    ),
  );
}

const findSection = (): HTMLElement =>
  panel(
    { id: 'find', title: 'Find an execution' },
    h(
      'form',
      { 'data-do': 'find' },
      field('named', 'Its name or ARN', ''),
      h('p', { class: 'buttons' }, h('button', { type: 'submit' }, 'Show')),
    ),
  );

const abilities = {
  link: 'link, unlink and undo',
  reconcile: 'check for drift and repair',
  decide: 'approve and deny',
  pause: 'pause and resume',
} as const;

function deniedSection({ about: { denied } }: Overview): Child {
  const all = Object.entries(denied) as [keyof typeof abilities, string][];
  return (
    all.length > 0 &&
    panel(
      { id: 'denied', title: 'What you may not do' },
      h(
        'ul',
        {},
        all.map(([ability, reason]) =>
          h('li', {}, h('strong', {}, abilities[ability]), `: ${reason}`),
        ),
      ),
    )
  );
}

/** The executions that wait for approval. */
function waiting({ link: { rows } }: Overview): Child {
  const all = rows.filter(({ at }) => at === 'RequestApproval');
  return (
    all.length > 0 &&
    h(
      'p',
      { class: 'banner warn' },
      'Waits for approval: ',
      all.map((row, i) => [i > 0 && ', ', link(row, `${row.operation} ${row.clientId ?? ''}`)]),
    )
  );
}

/** The overview: identity pools, executions and actions. */
export const overviewView = (overview: Overview, looks: Looks, tryIt: Child): Child[] => [
  h('h1', { tabindex: -1 }, `Links of the stage ${overview.about.stage}`),
  waiting(overview),
  h(
    'div',
    { class: 'columns' },
    h('div', { class: 'wide' }, poolSection(overview, looks), executionSection(overview, looks)),
    h(
      'div',
      { class: 'narrow' },
      tryIt,
      requestSection(overview),
      findSection(),
      deniedSection(overview),
    ),
  ),
];
