import { type Issuer, providerNameOf } from './user-pool.ts';

/** Under which names of a user pool a link writes entries. */
export type IssuerChoice = Issuer | 'both';

/**
 * What is written where no link chooses, by the user pool's own setting. Which name an identity pool
 * wants for a user pool with the updated issuer is documented nowhere, so such a pool gets an entry
 * under each of its names. Once that is known, this is the line to change.
 */
const DEFAULT_CHOICE: Record<Issuer, IssuerChoice> = { original: 'original', updated: 'both' };

/** What links that lead together to one identity pool choose; undefined where none of them does. */
export function choiceOf(choices: (IssuerChoice | undefined)[]): IssuerChoice | undefined {
  const made = new Set(choices.flatMap((choice) => choice ?? []));
  const [first] = made;
  return made.size > 1 ? 'both' : first;
}

/**
 * The choice that holds for a user pool.
 *
 * @param chosen by the links.
 * @param issuer the pool's own setting; undefined where it could not be read: then it counts as
 * original, which every pool was before the setting existed.
 */
export const effectiveChoice = (
  chosen: IssuerChoice | undefined,
  issuer: Issuer | undefined,
): IssuerChoice => chosen ?? DEFAULT_CHOICE[issuer ?? 'original'];

/** Where an intent finds or writes its entries. */
export interface ProviderNames {
  providerName: string;
  /** The user pool's other name, where entries under both names are meant. */
  otherName?: string;
}

/** The names of a user pool that a choice means, the original one first. */
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
  // Unlinking takes away what is there, whichever name it has.
  namesOf(userPoolId, partition, operation === 'unlink' ? 'both' : choice);

/** The names under which an intent finds or writes entries. */
export const namesIn = ({ providerName, otherName }: ProviderNames): string[] =>
  otherName === undefined ? [providerName] : [providerName, otherName];
