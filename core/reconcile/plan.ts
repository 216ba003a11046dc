import { InvalidRequestError } from '../errors.ts';
import { type Failure, unwrap } from '../failure.ts';
import { grouped } from '../grouped.ts';
import { tagsMatch } from '../links/coverage.ts';
import { type Link, type Links, linksTo } from '../links/links.ts';
import { linksText } from '../links/names.ts';
import { claimIn, onlyKeys, quote, REASON_CHARACTERS, text } from '../request/request.ts';
import { beginningOf } from '../sentence.ts';
import { sha256 } from '../sha256.ts';
import { isObject } from '../shape.ts';
import { userPoolRegion } from '../user-pool.ts';
import { type NextPart, type Part, partIn } from './parts.ts';

/** The request of an execution of the `reconcile` state machine. */
export interface ReconcileRequest {
  /** The link whose identity pool is meant; all identity pools, if absent. */
  link?: string;
  /** The identity pool that is meant, instead of a link. */
  identityPoolId?: string;
  /** Whether it is a recheck. */
  isRecheck?: true;
  /** Whether to link what is missing and unlink what is orphaned, or only to report it. */
  repair: boolean;
  /** Whether the report lists the entries that are linked or foreign too. */
  allEntries?: true;
  /** Whether only the identity pools are meant whose links have changed since they were last repaired. */
  changedOnly?: true;
  /** Where it continues, if it is not the first part of a reconcile. */
  part?: Part;
}

function flag(input: Record<string, unknown>, name: string): boolean {
  const { [name]: value = false } = input;
  if (typeof value === 'boolean') return value;
  throw new InvalidRequestError(`${name} must be true or false, not ${quote(value)}.`);
}

function isChangedOnly(input: Record<string, unknown>): boolean {
  const { link = '', identityPoolId = '' } = input;
  if (!flag(input, 'changedOnly')) return false;
  if (link === '' && identityPoolId === '') return true;
  throw new InvalidRequestError(
    'changedOnly stands for the identity pools whose links have changed. Leave out link and identityPoolId.',
  );
}

// The state machine itself waits until `waitUntil`. Only a recheck has it.
const KEYS = [
  ...['link', 'identityPoolId', 'repair', 'allEntries', 'changedOnly', 'part'],
  ...['reason', 'claimedArn', 'waitUntil'],
];

/** What any request may say, whichever identity pools it is for. */
function commonIn(
  input: Record<string, unknown>,
): Pick<ReconcileRequest, 'repair' | 'allEntries' | 'part'> {
  const { link = '', identityPoolId = '' } = input;
  const part = partIn(input);
  if (part && (link !== '' || identityPoolId !== '')) {
    throw new InvalidRequestError(
      'part continues a reconcile of all identity pools. Leave out link and identityPoolId.',
    );
  }
  return {
    repair: flag(input, 'repair'),
    ...(flag(input, 'allEntries') && { allEntries: true }),
    ...(part && { part }),
  };
}

/**
 * Reads the input of the `reconcile` state machine. A person may say who they are and give a reason, for the
 * audit.
 *
 * @throws InvalidRequestError with one sentence that says what is wrong.
 */
export function parseReconcile(input: unknown, links: Links): ReconcileRequest {
  if (!isObject(input)) {
    throw new InvalidRequestError(
      `The request must be an object like {"link":"…","repair":true}, not ${quote(input)}.`,
    );
  }
  onlyKeys(input, KEYS, 'The request');
  claimIn(input);
  text(input, 'reason', REASON_CHARACTERS);
  const { link = '' } = input;
  const asked = commonIn(input);
  const identityPoolId = text(input, 'identityPoolId', 128);
  if (isChangedOnly(input)) return { ...asked, changedOnly: true };
  if (identityPoolId !== undefined) {
    if (link !== '') {
      throw new InvalidRequestError('Name a link or an identityPoolId, not both.');
    }
    const recheck = input['waitUntil'] === undefined ? {} : { isRecheck: true as const };
    if (Object.keys(linksTo(links, identityPoolId)).length > 0) {
      return { identityPoolId, ...asked, ...recheck };
    }
    throw new InvalidRequestError(
      `identityPoolId must be an identity pool of the links.yml that is deployed. No link names ${quote(identityPoolId)}.`,
    );
  }
  if (link === '') return asked;
  if (typeof link === 'string' && Object.hasOwn(links, link)) return { link, ...asked };
  throw new InvalidRequestError(
    `link must be the name of a link in the links.yml that is deployed. It has no link ${quote(link)}. ${linksText(links, link)}`,
  );
}

/**
 * The links that an execution compares with. A link stands for its identity pool: without the other links to it,
 * their entries would count as foreign.
 */
export function judgedLinks(
  links: Links,
  { link, identityPoolId }: Pick<ReconcileRequest, 'link' | 'identityPoolId'>,
): Links {
  const named = link === undefined ? undefined : links[link]?.identityPool;
  const identityPool = identityPoolId ?? named;
  return identityPool === undefined ? links : linksTo(links, identityPool);
}

/**
 * Whether an execution, with all its parts, repairs every identity pool of links.yml. A recheck and a reconcile of one
 * link never do, not even if there is only one identity pool. Nor does one of which an earlier part has failed.
 *
 * @param judged the links that all parts compare with.
 */
export const isWhole = (
  links: Links,
  judged: Links,
  { repair, link, identityPoolId, part }: ReconcileRequest,
): boolean =>
  repair &&
  part?.failed !== true &&
  link === undefined &&
  identityPoolId === undefined &&
  Object.keys(links).every((name) => Object.hasOwn(judged, name));

/** The input of the part after this one. */
export function nextPart(
  { repair, allEntries, changedOnly, part }: ReconcileRequest,
  after: string,
): NextPart {
  const number = (part?.number ?? 1) + 1;
  return {
    repair,
    ...(allEntries && { allEntries }),
    ...(changedOnly && { changedOnly }),
    part: { number, after, failed: part?.failed ?? false },
  };
}

const taggedLinks = (links: Links): Link[] =>
  Object.values(links).filter(({ userPoolTags }) => userPoolTags !== undefined);

/**
 * The Regions in which user pools are looked for by their tags: that of the deployment, and those of the user pools
 * that links with tags also name. None if no link uses tags.
 */
export function taggedRegions(links: Links, home: string): string[] {
  const tagged = taggedLinks(links);
  const named = tagged.flatMap(({ userPools = [] }) => userPools.map(userPoolRegion));
  return tagged.length === 0 ? [] : [...new Set([home, ...named])];
}

/** The user pools that links name. */
export const namedUserPools = (links: Links): string[] => [
  ...new Set(Object.values(links).flatMap(({ userPools = [] }) => userPools)),
];

/** One identity pool of an execution, as the states pass it on. */
export interface PlannedPool {
  identityPoolId: string;
  links: string[];
  /** How many characters of the execution's state its report may take, in addition to its counts. */
  room: number;
  /** Whether its report lists the entries that are linked or foreign too. */
  allEntries?: true;
}

/** The answer of ResolveLinks. */
export interface ReconcilePlan {
  repair: boolean;
  /** The identity pool that is rechecked, if the execution is a recheck. */
  recheck?: string;
  /** Whether every identity pool of links.yml is repaired, if this execution and the parts before it succeed. */
  whole?: true;
  /** The input of the execution that reconciles the next part, if one execution has no room for all identity pools. */
  next?: NextPart;
  /** When listing began, in epoch milliseconds. */
  since: number;
  links: string[];
  /** Regions in which user pools were looked for by their tags. */
  regions: string[];
  /** The user pools to list, in groups. */
  userPools: string[][];
  identityPools: PlannedPool[];
}

/**
 * How many user pools one run of ListAppClients lists. It has time for them even if each has the 10,000 app clients
 * that AWS allows at most: 167 pages at 5 a second.
 */
export const LISTED_TOGETHER = 10;
/** How many characters all reports of an execution may fill together. */
export const REPORTS_ROOM = 200_000;
// A report without its entries.
const COUNTS_ROOM = 450;

/** The beginning of an error of AWS, which leaves room for those of other user pools. */
export const shownError = (message: string): string =>
  beginningOf(message, 1000, 'The log of the step ListAppClients has the whole error.');

const chunks = <T>(items: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );

/**
 * Plans an execution: its identity pools and the user pools to list.
 *
 * @param links to compare with: those of one part.
 * @param found the user pools of the Regions in which they are looked for by their tags.
 */
export function planOf(
  links: Links,
  { repair, allEntries, identityPoolId, isRecheck }: ReconcileRequest,
  { since, regions, found }: Pick<ReconcilePlan, 'since' | 'regions'> & { found: string[] },
): ReconcilePlan {
  const names = Object.keys(links);
  const byPool = [...grouped(names, (name) => links[name]?.identityPool ?? '')];
  // The names are there once for the execution and once for each identity pool, in quotes and with a comma.
  const namesRoom = 2 * JSON.stringify(names).length;
  const left = REPORTS_ROOM - namesRoom - COUNTS_ROOM * byPool.length;
  const room = Math.max(0, Math.floor(left / Math.max(byPool.length, 1)));
  const userPools = [...new Set([...namedUserPools(links), ...found])];
  return {
    repair,
    ...(isRecheck && identityPoolId !== undefined && { recheck: identityPoolId }),
    since,
    links: names,
    regions,
    userPools: chunks(userPools, LISTED_TOGETHER),
    identityPools: byPool.map(([identityPoolId, group]) => ({
      identityPoolId,
      links: group,
      room,
      ...(allEntries && { allEntries }),
    })),
  };
}

/**
 * A listed user pool: its id, the digest of its kept list, and the sets of tags by which links cover it. Without a
 * digest, it exists but no link covers it.
 */
export type ListedPool = [userPoolId: string, digest: string, tagSets: string[]];

const tagSetOf = (tags: Record<string, string>): string =>
  sha256(JSON.stringify(Object.entries(tags).sort())).slice(0, 8);

/** The sets of tags by which links cover a user pool, a few characters for each. */
export function tagSetsOf(links: Links, tags: Record<string, string>): string[] {
  const matching = taggedLinks(links).flatMap(({ userPoolTags = {} }) =>
    tagsMatch(userPoolTags, tags) ? tagSetOf(userPoolTags) : [],
  );
  return [...new Set(matching)];
}

/** Whether any of the links may cover a listed user pool. */
export const reaches = (links: Links, [userPoolId, , tagSets]: ListedPool): boolean =>
  Object.values(links).some(
    ({ userPools, userPoolTags }) =>
      userPools?.includes(userPoolId) === true ||
      (userPoolTags !== undefined && tagSets.includes(tagSetOf(userPoolTags))),
  );

/** The result of listing a group of user pools. If the step failed, it has only the failure. */
export interface Listing {
  /** Those that exist. */
  listed?: ListedPool[];
  /** Those that Poolbridge is not allowed to list. */
  refused?: ListedPool[];
  /** Those about which nothing is known, not even their tags. */
  unlisted: string[];
  failure?: Failure;
}

/**
 * Says why entries of an identity pool were not compared: a user pool that its links may cover was not listed.
 *
 * @returns undefined if all were listed.
 */
export function unlistedFor(links: Links, listings: Listing[]): string | undefined {
  const byTags = taggedLinks(links).length > 0;
  const named = new Set(namedUserPools(links));
  for (const { refused = [], unlisted, failure = { Error: 'an error' } } of listings) {
    const [known] = refused.find((each) => reaches(links, each)) ?? [];
    const userPoolId = known ?? unlisted.find((id) => byTags || named.has(id));
    if (userPoolId === undefined) continue;
    const { error, message } = unwrap(failure);
    return `The app clients of the user pool ${userPoolId} could not be listed, so its entries were not compared or repaired. All others were. ${error}: ${shownError(message)}`;
  }
  return undefined;
}
