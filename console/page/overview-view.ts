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
  standing,
  table,
  time,
  unseen,
} from './words.ts';

/** What of the overview is this page's own. */
export interface Looks {
  machine: Machine;
  /** Pages that were asked for, behind those that are kept up to date. */
  older: Record<Machine, Rows | undefined>;
  /** Whether every identity pool is shown, however many there are. */
  allPools: boolean;
}

// So many identity pools are shown at first.
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

// What a person can do about an entry at once.
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
    ['Entry is', 'App client', 'User pool', 'Remedy'],
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
  const said = parts.filter((part) => part !== false);
  return said.length > 0 ? `; since then ${said.join(', ')}` : '';
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
      ...[byLinks(pool.links), ' · as of '],
      h('a', { href: `#/execution/${pool.execution}` }, time(pool.asOf)),
      sinceText(pool),
    ),
    pool.counts && counts(pool.counts),
    pool.failure && failure(pool.failure.error, pool.failure.message),
    driftTable(pool, denied.link === undefined),
    pool.omitted !== undefined &&
      h('p', {}, `And ${pool.omitted} more, which the log of ReconcileIdentityPool names.`),
  );

/** Why no identity pool is shown. */
function withoutPools({ reconcile }: Overview): HTMLElement {
  const [last] = reconcile.rows;
  if (!last) return h('p', { class: 'dim' }, 'No reconcile has looked at them yet.');
  return h(
    'p',
    { class: 'dim' },
    last.status === 'RUNNING' ? 'They are being looked at: ' : 'No reconcile has told of them: ',
    link(last, 'the last one'),
    ' ',
    standing(last),
  );
}

function poolSection(overview: Overview, { allPools }: Looks): HTMLElement {
  const { pools, about } = overview;
  const mayLook = about.denied.reconcile === undefined;
  const shown = allPools ? pools : pools.slice(0, FEW);
  return panel(
    {
      id: 'pools',
      title: 'Identity pools',
      beside: mayLook && button('look', {}, 'Check for drift'),
    },
    pools.length === 0 && withoutPools(overview),
    shown.map((pool) => poolCard(pool, about.denied)),
    shown.length < pools.length && h('p', {}, button('all-pools', {}, `Show all ${pools.length}`)),
  );
}

const link = ({ execution, name }: Row, words = name): HTMLElement =>
  h('a', { href: `#/execution/${execution}`, title: name }, words);

const what = ({ operation = '', userPoolId, clientId, isDryRun }: Row): Child[] => [
  ...[operation, isDryRun && h('span', { class: 'dim' }, ' (dry run)')],
  userPoolId !== undefined && [' ', code(userPoolId)],
  clientId !== undefined && [' ', code(clientId)],
];

const executionRow = (row: Row): HTMLElement =>
  h(
    'tr',
    { 'data-key': row.execution },
    h('td', {}, standing(row)),
    h('td', { class: 'when' }, time(row.started)),
    h('td', { class: 'what' }, what(row)),
    h('td', { class: 'who' }, breakable(row.who ?? '')),
    h('td', { class: 'name' }, link(row)),
  );

function listed({ rows }: Rows, older: Rows | undefined): Row[] {
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
    { class: 'buttons', role: 'group', 'aria-label': 'Of which state machine' },
    machines.map(([name, word]) =>
      button('machine', { 'data-machine': name, 'aria-pressed': String(name === chosen) }, word),
    ),
  );

const columns = ['Outcome', 'Started', 'What', 'Asked by', 'Execution'];

function executionSection(overview: Overview, { machine, older }: Looks): HTMLElement {
  const rows = overview[machine];
  const all = listed(rows, older[machine]);
  const { next } = older[machine] ?? rows;
  return panel(
    { id: 'executions', title: 'Executions', beside: machineChoice(machine) },
    h(
      'div',
      { class: 'executions' },
      all.length === 0
        ? h('p', { class: 'dim' }, 'There are none.')
        : table('The executions, the last first', columns, all.map(executionRow)),
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

function askSection({ about }: Overview): Child {
  if (about.denied.link !== undefined) return false;
  return panel(
    { id: 'ask', title: 'Link or unlink' },
    h(
      'form',
      { 'data-do': 'ask' },
      field('userPoolId', 'User pool', `${about.region}_…`),
      field('clientId', 'App client', 'its id'),
      field('identityPoolId', 'Identity pool (all of its links, if empty)', '', false),
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
  reconcile: 'look and repair',
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

/** What goes on only when a person has decided. */
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

/** Every identity pool, every execution, and what may be asked for. */
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
      askSection(overview),
      findSection(),
      deniedSection(overview),
    ),
  ),
];
