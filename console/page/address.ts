import type { Machine } from '../../core/deployment.ts';

/** What the address says that the page shows. Members that are absent have their usual value. */
export interface Address {
  /** ARN of the execution that is shown; absent in the overview. */
  execution?: string;
  /** The choices, by name. */
  choices: Readonly<Record<string, string>>;
}

/** Reads the part of an address after `#`. */
export function addressIn(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const choices = Object.fromEntries(new URLSearchParams(query));
  const [, execution] = /^\/execution\/(.+)$/.exec(path) ?? [];
  return { choices, ...(execution !== undefined && { execution }) };
}

/** The part of an address from `#` on. Choices without a value are left out. */
export function hashOf({
  execution,
  choices,
}: {
  execution?: string | undefined;
  choices?: Readonly<Record<string, string | undefined>>;
}): string {
  const chosen = Object.entries(choices ?? {}).filter(([, value]) => value);
  const query = new URLSearchParams(chosen as [string, string][]).toString();
  const path = execution === undefined ? '#/' : `#/execution/${execution}`;
  return query === '' ? path : `${path}?${query}`;
}

export const machineIn = ({ choices }: Address): Machine =>
  choices['machine'] === 'reconcile' ? 'reconcile' : 'link';
