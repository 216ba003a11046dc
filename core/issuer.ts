import { type Issuer, providerNameOf } from './user-pool.ts';

/** The names of a user pool under which a link writes entries. */
export type IssuerChoice = Issuer | 'both';

/**
 * The names for a user pool whose links do not choose, by its own setting. AWS does not document which name an
 * identity pool expects for a user pool with the updated issuer, so such a user pool gets an entry under each of
 * its names. Change this line once it is known.
 */
const DEFAULT_CHOICE: Record<Issuer, IssuerChoice> = { original: 'original', updated: 'both' };

/** The names that links to one identity pool choose together; undefined if none of them chooses. */
export function choiceOf(choices: (IssuerChoice | undefined)[]): IssuerChoice | undefined {
  const made = new Set(choices.flatMap((choice) => choice ?? []));
  const [first] = made;
  return made.size > 1 ? 'both' : first;
}

/**
 * The choice that applies to a user pool.
 *
 * @param chosen by the links.
 * @param issuer the user pool's own setting. If it could not be read, it counts as original, which every user pool
 * was before the setting existed.
 */
export const effectiveChoice = (
  chosen: IssuerChoice | undefined,
  issuer: Issuer | undefined,
): IssuerChoice => chosen ?? DEFAULT_CHOICE[issuer ?? 'original'];

/** The provider names under which an intent finds or writes its entries. */
export interface ProviderNames {
  providerName: string;
  /** The user pool's other name, if entries under both names are meant. */
  otherName?: string;
}

/** The names of a user pool that a choice stands for, the original name first. */
export function namesOf(
  userPoolId: string,
  partition: string,
  choice: IssuerChoice,
): ProviderNames {
  if (choice !== 'both') return { providerName: providerNameOf(userPoolId, partition, choice) };
  return {
    providerName: providerNameOf(userPoolId, partition),
    otherName: providerNameOf(userPoolId, partition, 'updated'),
  };
}

/** The names under which an operation finds or writes the entries of a user pool. */
export const namesFor = (
  operation: 'link' | 'unlink',
  userPoolId: string,
  partition: string,
  choice: IssuerChoice,
): ProviderNames =>
  // Unlinking removes an entry no matter which name it has.
  namesOf(userPoolId, partition, operation === 'unlink' ? 'both' : choice);

/** The names under which an intent finds or writes entries. */
export const namesIn = ({ providerName, otherName }: ProviderNames): string[] =>
  otherName === undefined ? [providerName] : [providerName, otherName];
