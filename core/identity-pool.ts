import { createHash } from 'node:crypto';
import type {
  CognitoIdentityProvider,
  IdentityPool as SdkIdentityPool,
} from '@aws-sdk/client-cognito-identity';
import { UnknownPoolFieldError } from './errors.ts';
import { isNumber, isObject, isShape, isText } from './shape.ts';

/** One entry of an identity pool: an app client of a user pool whose tokens the pool accepts. */
export interface Provider {
  ProviderName?: string;
  ClientId?: string;
  ServerSideTokenCheck?: boolean;
}

/**
 * Everything that UpdateIdentityPool replaces. Absent members are absent in AWS too: an unset
 * `AllowClassicFlow` is not `false`.
 * https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html
 */
export interface IdentityPool {
  IdentityPoolId: string;
  IdentityPoolName: string;
  AllowUnauthenticatedIdentities: boolean;
  AllowClassicFlow?: boolean;
  SupportedLoginProviders?: Record<string, string>;
  DeveloperProviderName?: string;
  OpenIdConnectProviderARNs?: string[];
  CognitoIdentityProviders?: Provider[];
  SamlProviderARNs?: string[];
  IdentityPoolTags?: Record<string, string>;
}

type Check = (value: unknown, at: string) => unknown;

const refuse = (at: string, what: string): never => {
  throw new UnknownPoolFieldError(
    `AWS described the identity pool with ${what} at ${at.slice(0, 200)}, which this version of Poolbridge can't send back; nothing was written, because writing would reset it. Update Poolbridge.`,
  );
};

const text: Check = (value, at) =>
  typeof value === 'string' ? value : refuse(at, 'a value that is not a string');

const flag: Check = (value, at) =>
  typeof value === 'boolean' ? value : refuse(at, 'a value that is not true or false');

const listOf =
  (item: Check): Check =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((each, i) => item(each, `${at}[${i}]`))
      : refuse(at, 'a value that is not a list');

const mapOf =
  (item: Check): Check =>
  (value, at) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, item(v, `${at}.${k}`)]))
      : refuse(at, 'a value that is not a map');

const shapeOf =
  (members: Record<string, Check>): Check =>
  (value, at) => {
    if (!isObject(value)) return refuse(at, 'a value that is not an object');
    const known = Object.entries(value).filter(([, v]) => v !== null);
    return Object.fromEntries(
      known.map(([name, v]) => {
        const check = Object.hasOwn(members, name) ? members[name] : undefined;
        return [name, check ? check(v, `${at}.${name}`) : refuse(`${at}.${name}`, 'a new member')];
      }),
    );
  };

const provider = {
  ProviderName: text,
  ClientId: text,
  ServerSideTokenCheck: flag,
} satisfies Record<keyof CognitoIdentityProvider, Check>;

// Held against the SDK's own shape: a member that AWS adds fails the build here, and not a write.
const members = {
  IdentityPoolId: text,
  IdentityPoolName: text,
  AllowUnauthenticatedIdentities: flag,
  AllowClassicFlow: flag,
  SupportedLoginProviders: mapOf(text),
  DeveloperProviderName: text,
  OpenIdConnectProviderARNs: listOf(text),
  CognitoIdentityProviders: listOf(shapeOf(provider)),
  SamlProviderARNs: listOf(text),
  IdentityPoolTags: mapOf(text),
} satisfies Record<keyof SdkIdentityPool & keyof IdentityPool, Check>;

const required = ['IdentityPoolId', 'IdentityPoolName', 'AllowUnauthenticatedIdentities'] as const;

/**
 * Reads DescribeIdentityPool's answer as it came over the wire, since the SDK drops what it does
 * not know.
 *
 * @throws UnknownPoolFieldError on any member, at any depth, that could not be sent back as it is.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentityPool.html
 */
export function parseIdentityPool(answer: unknown): IdentityPool {
  const pool = shapeOf(members)(answer, 'IdentityPool') as IdentityPool;
  for (const name of required) {
    if (pool[name] === undefined) refuse(`IdentityPool.${name}`, 'nothing');
  }
  return pool;
}

/**
 * The pool as UpdateIdentityPool must be sent it: every member that Describe returned, except the
 * tags that only AWS may write.
 * https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
export function sendable(pool: IdentityPool): IdentityPool {
  const { IdentityPoolTags: tags, ...rest } = pool;
  if (!tags) return rest;
  const own = Object.entries(tags).filter(([key]) => !key.toLowerCase().startsWith('aws:'));
  const onlyAws = own.length === 0 && Object.keys(tags).length > 0;
  return onlyAws ? rest : { ...rest, IdentityPoolTags: Object.fromEntries(own) };
}

/** What two entries have in common when they are the same entry: the user pool and the client. */
export const entryKey = (entry: Provider): string =>
  `${entry.ProviderName ?? ''} ${entry.ClientId ?? ''}`;

/** The entries of a pool; none when the member is absent. */
export const entriesOf = (pool: IdentityPool): Provider[] => pool.CognitoIdentityProviders ?? [];

const sortedMap = (map: Record<string, string> = {}): [string, string][] =>
  // Stryker disable next-line EqualityOperator: no key is there twice.
  Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));

const canonicalEntries = (entries: Provider[]): string[] =>
  entries.map((e) => `${entryKey(e)} ${e.ServerSideTokenCheck ?? false}`).sort();

/**
 * The settings in one comparable form: order means nothing to Cognito, an absent member is its
 * default, and AWS's own tags come and go by themselves.
 */
function canonical(pool: IdentityPool): string {
  const sent = sendable(pool);
  return JSON.stringify([
    sent.IdentityPoolId,
    sent.IdentityPoolName,
    sent.AllowUnauthenticatedIdentities,
    sent.AllowClassicFlow ?? false,
    sortedMap(sent.SupportedLoginProviders),
    sent.DeveloperProviderName ?? '',
    [...(sent.OpenIdConnectProviderARNs ?? [])].sort(),
    canonicalEntries(entriesOf(sent)),
    [...(sent.SamlProviderARNs ?? [])].sort(),
    sortedMap(sent.IdentityPoolTags),
  ]);
}

/** Whether two descriptions mean the same settings. */
export const sameSettings = (a: IdentityPool, b: IdentityPool): boolean =>
  canonical(a) === canonical(b);

const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex');

/** SHA-256 of a pool's settings: equal for equal settings, whatever order AWS lists them in. */
export const digestOf = (pool: IdentityPool): string => sha256(canonical(pool));

/** An identity pool as states and outputs show it. */
export type ShownPool = Partial<Omit<IdentityPool, 'CognitoIdentityProviders'>> & {
  CognitoIdentityProviders?: Provider[] | Summary;
  /** In place of the settings, where even those are too long to show. */
  sha256?: string;
};

/** What stands for a list too long to show. */
interface Summary {
  count: number;
  sha256: string;
}

const isSummary = isShape<Summary>({ count: isNumber, sha256: isText }, {});

/** Whether a value is a pool as {@link shown} shows it. */
export function isShownPool(value: unknown): value is ShownPool {
  if (!isObject(value)) return false;
  const { sha256, CognitoIdentityProviders: entries = [], ...settings } = value;
  const list = isSummary(entries) ? [] : entries;
  try {
    // Stryker disable next-line StringLiteral: nobody is told where it is wrong.
    shapeOf(members)({ ...settings, CognitoIdentityProviders: list }, '');
    return sha256 === undefined || isText(sha256);
  } catch {
    return false;
  }
}

/** Above this many entries a pool is shown with their count and digest only. */
export const SHOWN_ENTRIES = 100;

/**
 * The pool in the fullest form that fits: whole, or its entries as count and digest, or all of it
 * as a digest. Step Functions fails an execution whose state exceeds 262,144 characters.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 *
 * @param room how many characters of JSON there are.
 */
export function shown(pool: IdentityPool, room: number): ShownPool {
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
