import type { Machine } from '../../core/deployment.ts';

/** What the address says that the page shows. Members that are absent have their usual value. */
export interface Address {
  /** ARN of the execution that is shown; absent in the overview. */
  execution?: string;
  /** Id of the identity pool that is shown. */
  identityPoolId?: string;
  /** Whether the links are shown. */
  isLinks?: true;
  /** The choices, by name. */
  choices: Readonly<Record<string, string>>;
}

/** A name as it is, also if a program that passed the address on has encoded it. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Reads the part of an address after `#`. */
export function addressIn(hash: string): Address {
  const [path = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const choices = Object.fromEntries(new URLSearchParams(query));
  if (path === '/links') return { choices, isLinks: true };
  const [, kind, encoded] = /^\/(execution|pool)\/(.+)$/.exec(path) ?? [];
  if (encoded === undefined) return { choices };
  const name = decoded(encoded);
  return kind === 'pool' ? { choices, identityPoolId: name } : { choices, execution: name };
}

function pathOf({
  execution,
  identityPoolId,
  isLinks,
}: {
  [K in keyof Omit<Address, 'choices'>]: Address[K] | undefined;
}): string {
  if (execution !== undefined) return `#/execution/${execution}`;
  if (identityPoolId !== undefined) return `#/pool/${identityPoolId}`;
  return isLinks ? '#/links' : '#/';
}

/** The part of an address from `#` on. Choices without a value are left out. */
export function hashOf(
  { execution, identityPoolId, isLinks }: Omit<Address, 'choices'>,
  choices: Readonly<Record<string, string | undefined>> = {},
): string {
  const chosen = Object.entries(choices).filter(([, value]) => value);
  const query = new URLSearchParams(chosen as [string, string][]).toString();
  const path = pathOf({ execution, identityPoolId, isLinks });
  return query === '' ? path : `${path}?${query}`;
}

export const machineIn = ({ choices }: Address): Machine =>
  choices['machine'] === 'reconcile' ? 'reconcile' : 'link';
