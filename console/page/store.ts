import type { Machine } from '../../core/deployment.ts';
import type { Action, Done, ExecutionView, Overview, Row, Rows } from '../server/protocol.ts';
import { type Address, addressIn, hashOf } from './address.ts';
import { get } from './client.ts';

/** A message: shown, or given to screen readers only. */
interface Message {
  text: string;
  isSeen: boolean;
}

/** The state of the page; everything is rendered from it. */
export interface Page {
  address: Address;
  overview?: Overview;
  view?: ExecutionView;
  /** An error that is shown instead of every view. */
  problem?: string | undefined;
  /** Why the execution that the address names could not be read the last time. */
  failure?: string | undefined;
  /** Whether the page is connected to the console. */
  isLive: boolean;
  message: Message;
  /** Older pages of lists that were loaded; they are not kept up to date. */
  older: Record<Machine, Rows | undefined>;
  /** The action whose plan is open. */
  action?: Action | undefined;
}

export const page: Page = {
  address: addressIn(window.location.hash),
  isLive: false,
  message: { text: '', isSeen: false },
  older: { link: undefined, reconcile: undefined },
};

let render = () => {};

/** Sets what renders the page after each change. */
export function onChange(renders: () => void): void {
  render = renders;
}

export function change(part: Partial<Page>): void {
  Object.assign(page, part);
  render();
}

/** Shows a message or, with `isSeen` false, gives it to screen readers only. */
export const say = (text: string, isSeen = true): void => change({ message: { text, isSeen } });

/** Puts choices into the address, without a new entry in the history of the tab. */
export function choose(choices: Record<string, string | undefined>): void {
  const hash = hashOf(page.address, { ...page.address.choices, ...choices });
  window.history.replaceState(null, '', hash);
  change({ address: addressIn(hash) });
}

/** Goes to an execution. */
export function show(execution: string): void {
  window.location.hash = hashOf({ execution });
}

/** Says how an action ended, and goes to its execution if there is one. */
export function done({ message, execution }: Done): void {
  // If the page goes to the execution, the message is for screen readers only.
  say(message, execution === undefined);
  if (execution !== undefined) show(execution);
}

/** All rows of a list that are loaded, newest first. */
export function allRows(rows: Rows, older: Rows | undefined): Row[] {
  const live = new Set(rows.rows.map(({ execution }) => execution));
  return [...rows.rows, ...(older?.rows ?? []).filter(({ execution }) => !live.has(execution))];
}

/** Loads the next page of a list. */
export async function loadOlder(machine: Machine, next: string): Promise<void> {
  const read = await get<Rows>('/api/executions', { machine, next });
  const known = page.older[machine]?.rows ?? page.overview?.[machine].rows ?? [];
  change({ older: { ...page.older, [machine]: { ...read, rows: [...known, ...read.rows] } } });
}
