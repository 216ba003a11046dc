import type { Overview } from '../server/protocol.ts';
import { type Child, h } from './dom.ts';
import { badge, planButton } from './words.ts';

/** What the frame around every view shows. */
export interface Frame {
  overview?: Overview;
  /** An error that is shown instead of the view. */
  problem?: string;
  /** Whether the page is connected to the console. */
  isLive: boolean;
}

/** The deployment, the caller, whether the page is up to date, and the button that pauses all writes. */
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

/** Messages that every view shows. */
export function banners({ overview, isLive, problem }: Frame): Child[] {
  const { trouble, paused } = overview ?? {};
  return [
    overview !== undefined &&
      !isLive &&
      problem === undefined &&
      banner(
        'warn',
        'The console does not answer, so this page shows the last known state. It continues when the console answers again. If you restart the console, open its new address.',
      ),
    trouble !== undefined && banner('bad', trouble),
    paused !== undefined && banner('warn', `All writes are paused ${paused}.`),
  ];
}
