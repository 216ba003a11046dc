import { sha256 } from '../sha256.ts';
import { isMapOf, isNumber, isObject, isShape, isText } from '../shape.ts';
import { shapeOf } from './answer.ts';
import { digestOf } from './digest.ts';
import { type IdentityPool, inShort, members, type Provider } from './identity-pool.ts';
import { isPrincipalTagMap, isShownMapping } from './roles.ts';
import { canonicalEntries } from './same-settings.ts';

/** An identity pool as states and outputs show it. */
export type ShownPool = Partial<Omit<IdentityPool, 'CognitoIdentityProviders'>> & {
  CognitoIdentityProviders?: Provider[] | Summary;
  /** In place of the settings, if they are too long to show. */
  sha256?: string;
};

/** In place of a list that is too long to show. */
interface Summary {
  count: number;
  sha256: string;
}

const isSummary = isShape<Summary>({ count: isNumber, sha256: isText }, {});

/** Whether a value is a pool as {@link shown} returns it. */
export function isShownPool(value: unknown): value is ShownPool {
  if (!isObject(value)) return false;
  const { sha256, CognitoIdentityProviders: entries = [], ...rest } = value;
  const { Roles = {}, RoleMappings = {}, PrincipalTags = {}, ...settings } = rest;
  const list = isSummary(entries) ? [] : entries;
  const isAround =
    isMapOf(isText)(Roles) &&
    isMapOf(isShownMapping)(RoleMappings) &&
    isMapOf(isPrincipalTagMap)(PrincipalTags);
  try {
    // Stryker disable next-line StringLiteral: no message names the place.
    shapeOf(members)({ ...settings, CognitoIdentityProviders: list }, '');
    return isAround && (sha256 === undefined || isText(sha256));
  } catch {
    return false;
  }
}

/** Above this many entries, a pool is shown with their count and digest. */
export const SHOWN_ENTRIES = 100;

/**
 * The pool in the fullest form that fits: whole, or with count and digest in place of its entries, or only as a
 * digest. Step Functions fails an execution whose state exceeds 262,144 characters.
 *
 * @param room how many characters of JSON it may take.
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export function shown(described: IdentityPool, room: number): ShownPool {
  const pool = inShort(described);
  const { CognitoIdentityProviders: entries = [], ...settings } = pool;
  if (entries.length <= SHOWN_ENTRIES && JSON.stringify(pool).length <= room) return pool;
  const summary = {
    count: entries.length,
    sha256: sha256(JSON.stringify(canonicalEntries(entries))),
  };
  const short = { ...settings, CognitoIdentityProviders: summary };
  if (JSON.stringify(short).length <= room) return short;
  const { IdentityPoolId } = pool;
  return { IdentityPoolId, CognitoIdentityProviders: summary, sha256: digestOf(pool) };
}
