import type { Overview } from '../server/protocol.ts';
import { type Child, h } from './dom.ts';
import { badge, planButton } from './words.ts';

/** What is around every view. */
export interface Frame {
  overview?: Overview;
  /** Why there is nothing else to show. */
  problem?: string;
  /** Whether the console is being heard. */
  isLive: boolean;
}

/** Who looks at what, whether it is up to date, and how to stop everything at once. */
export function header({ overview, isLive }: Frame): Child[] {
  const brand = h('p', { class: 'brand' }, h('a', { href: '#/' }, 'Poolbridge'));
  const isFresh = isLive && overview?.trouble === undefined;
  const live = isFresh ? badge('good', 'live') : badge('warn', 'not up to date');
  const { about, paused } = overview ?? {};
  if (!about?.account) return [brand, h('p', { class: 'live' }, live)];
  const { stage, region, account, caller, denied } = about;
  return [
    brand,
    h('p', { class: 'where' }, `stage ${stage} · ${region} · account ${account}`),
    h('p', { class: 'caller' }, caller),
    h('p', { class: 'live' }, live),
    denied.pause === undefined &&
      (paused === undefined
        ? planButton({ kind: 'pause' }, 'Pause all writes …')
        : planButton({ kind: 'resume' }, 'Resume writes …')),
  ];
}

const banner = (tone: 'warn' | 'bad', sentence: string): HTMLElement =>
  h('p', { class: `banner ${tone}`, role: 'alert' }, sentence);

/** What one must know whatever one looks at. */
export function banners({ overview, isLive, problem }: Frame): Child[] {
  const { trouble, paused } = overview ?? {};
  return [
    overview !== undefined &&
      !isLive &&
      problem === undefined &&
      banner(
        'warn',
        'The console does not answer, so this is as it was. It goes on when the console does; if you start it again, open it by its new address.',
      ),
    trouble !== undefined && banner('bad', trouble),
    paused !== undefined && banner('warn', `All writes are paused ${paused}.`),
  ];
}
