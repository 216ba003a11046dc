import type { Machine } from '../../core/deployment.ts';
import type { Action, Done, ExecutionView, Overview, Rows } from '../server/protocol.ts';
import { type Address, addressIn, hashOf } from './address.ts';
import { get } from './client.ts';
import { upToDate } from './rows.ts';

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
  /** All rows of each list, if more than its newest page was loaded. */
  loaded: Record<Machine, Rows | undefined>;
  /** The action whose plan is open. */
  action?: Action | undefined;
}

export const page: Page = {
  address: addressIn(window.location.hash),
  isLive: false,
  message: { text: '', isSeen: false },
  loaded: { link: undefined, reconcile: undefined },
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

/** The rows of a list as far as they are loaded, newest first. */
export const rowsOf = ({ overview, loaded }: Page, machine: Machine): Rows =>
  loaded[machine] ?? overview?.[machine] ?? { rows: [] };

/** Loads the next page of a list. */
export async function loadOlder(machine: Machine, next: string): Promise<void> {
  const read = await get<Rows>('/api/executions', { machine, next });
  const known = rowsOf(page, machine);
  // What is loaded may have been forgotten meanwhile.
  if (known.next !== next) return;
  const rows = { ...read, rows: [...known.rows, ...read.rows] };
  change({ loaded: { ...page.loaded, [machine]: rows } });
}

/** Takes over a new overview. */
export function update(overview: Overview): void {
  const { link, reconcile, older } = overview;
  const loaded = {
    link: upToDate(page.loaded.link, link, older),
    reconcile: upToDate(page.loaded.reconcile, reconcile),
  };
  change({ overview, loaded, isLive: true });
}
