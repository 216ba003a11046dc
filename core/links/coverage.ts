import { NotCoveredError } from '../errors.ts';
import { grouped } from '../grouped.ts';
import { choiceOf, effectiveChoice, type IssuerChoice } from '../issuer.ts';
import type { Issuer } from '../user-pool.ts';
import { type Beside, besideOf, type EntrySettings, entrySettingsOf } from './entry-settings.ts';
import { globsInclude, globsIncludeAll } from './glob.ts';
import { accountOf, type Link, type Links, linksNamed, userPoolRoleOf } from './links.ts';

/** What links are compared with: a user pool, and the app client that is meant, if any. */
export interface Subject {
  userPoolId: string;
  /** The account that owns the user pool, if it is another than that of the deployment. */
  account?: string;
  tags?: Record<string, string>;
  clientId?: string;
  /** Absent for a client that is gone and for a whole user pool. Then it matches every glob. */
  clientName?: string | undefined;
  /** The number of the listing in which the client was looked up. */
  listing?: number;
  /** Whether the client or the user pool that is to be linked no longer exists. */
  gone?: boolean;
  /** The user pool's own setting, if it is needed and could be read. */
  issuer?: Issuer | undefined;
  /** The links that linked clients of a user pool that is gone, since its tags are gone too. */
  linkedBy?: string[];
}

/** One identity pool that a request reaches, and the links that allow it. */
export interface Coverage {
  identityPoolId: string;
  links: string[];
  onDelete: Link['onDelete'];
  /** Whether an entry that others removed is restored. */
  restores: boolean;
  entry: EntrySettings;
  /** What the links choose; absent if the user pool's own setting decides. */
  issuer?: IssuerChoice;
}

/** How to reach one identity pool in Account-B. */
export type Access = Pick<Link, 'roleArn' | 'externalId' | 'providerQuota'> & { beside: Beside };

/** Whether a user pool has all of these tags. */
export const tagsMatch = (wanted: Record<string, string>, tags: Record<string, string>): boolean =>
  Object.entries(wanted).every(([key, value]) => Object.hasOwn(tags, key) && tags[key] === value);

// An event from one account says nothing about a user pool that links.yml has in another.
const coversPool = (
  [name, { userPools, userPoolRoleArn, userPoolTags }]: [string, Link],
  { userPoolId, account, tags, linkedBy }: Subject,
): boolean =>
  accountOf(userPoolRoleArn) === account &&
  (userPools?.includes(userPoolId) === true ||
    (userPoolTags !== undefined &&
      ((tags !== undefined && tagsMatch(userPoolTags, tags)) ||
        linkedBy?.includes(name) === true)));

const coversClient = ({ clients }: Link, { clientName }: Subject): boolean =>
  clientName === undefined || globsInclude(clients, clientName);

/** A user pool, in the account that links.yml has it in. */
export function userPoolIn(links: Links, userPoolId: string): Subject {
  const account = accountOf(userPoolRoleOf(links, userPoolId));
  return account === undefined ? { userPoolId } : { userPoolId, account };
}

/** A user pool that an event says to be in an account, no matter what links.yml says. */
export function userPoolToldOf(
  links: Links,
  userPoolId: string,
  { account, own }: { account: string; own: string },
): Subject {
  const known = userPoolIn(links, userPoolId);
  if (account === (known.account ?? own)) return known;
  return account === own ? { userPoolId } : { userPoolId, account };
}

/** Whether any link needs to know the tags of a user pool that it does not name. */
export const needsTags = (links: Links, { account }: Subject): boolean =>
  account === undefined &&
  Object.entries(links).some(([, link]) => link.userPoolTags !== undefined);

/** The identity pools for which a client's name decides whether a link covers it. */
export const namedPools = (links: Links, subject: Subject): string[] => [
  ...new Set(
    Object.entries(links)
      .filter((link) => coversPool(link, subject) && !globsIncludeAll(link[1].clients))
      .map(([, { identityPool }]) => identityPool),
  ),
];

/** Whether a client's name decides anything among the links that cover its user pool. */
export const needsClientName = (links: Links, subject: Subject): boolean =>
  namedPools(links, subject).length > 0;

/**
 * The identity pools that a client may reach. Links that lead to the same identity pool share the entry. It stays
 * when its client is deleted, if any of them says so. What others removed is restored only if all of them say so.
 */
export function coverageOf(links: Links, subject: Subject): Coverage[] {
  const covering = Object.entries(links).filter(
    (link) => coversPool(link, subject) && coversClient(link[1], subject),
  );
  const byPool = grouped(covering, ([, link]) => link.identityPool);
  return [...byPool].map(([identityPoolId, group]) => {
    const issuer = choiceOf(group.map(([, link]) => link.issuer));
    return {
      identityPoolId,
      links: group.map(([name]) => name),
      onDelete: group.every(([, link]) => link.onDelete === 'unlink') ? 'unlink' : 'keep',
      restores: group.every(([, link]) => link.onRemoved === 'restore'),
      entry: entrySettingsOf(
        links,
        group.map(([name]) => name),
      ),
      ...(issuer && { issuer }),
    };
  });
}

/** Whether the user pool's own setting decides the names under which an app client is linked. */
export const needsIssuer = (links: Links, subject: Subject, identityPoolId?: string): boolean =>
  coverageOf(links, subject).some(
    (each) =>
      each.issuer === undefined &&
      (identityPoolId === undefined || each.identityPoolId === identityPoolId),
  );

/** The names of a user pool under which the links write entries. */
export const choiceFor = (
  { issuer: chosen }: Pick<Coverage, 'issuer'>,
  { issuer }: Pick<Subject, 'issuer'>,
): IssuerChoice => effectiveChoice(chosen, issuer);

/**
 * The role, external id and quota of an identity pool, on which its links agree, and what they set besides entries.
 *
 * @throws NotCoveredError if no link names the identity pool.
 */
export function accessTo(links: Links, identityPoolId: string): Access {
  const link = Object.values(links).find(({ identityPool }) => identityPool === identityPoolId);
  if (link) return { ...link, beside: besideOf(links, identityPoolId) };
  throw new NotCoveredError(
    `No link in links.yml names the identity pool ${identityPoolId}. Add one and deploy, or ask for another identity pool.`,
  );
}

/**
 * The links that allowed a target and still do. links.yml and the tags of the user pool may have changed since the
 * target was resolved. An undo needs all of them, since a different link may allow each of its changes.
 *
 * @param subject as it is now, with its tags.
 * @throws NotCoveredError if too few of them still do.
 */
export function stillAllowing(
  links: Links,
  target: { identityPoolId: string; links: string[]; undoes?: string },
  subject: Subject,
): string[] {
  const once = linksNamed(links, target.links);
  const still = target.links.filter((name) => {
    const link = Object.hasOwn(once, name) ? once[name] : undefined;
    return (
      link?.identityPool === target.identityPoolId &&
      coversPool([name, link], subject) &&
      coversClient(link, subject)
    );
  });
  const needed = target.undoes === undefined ? 1 : target.links.length;
  if (still.length >= needed) return still;
  throw new NotCoveredError(
    `Since the request was made, links.yml, the user pool's tags or the app client's name have changed: the links that led from the user pool ${subject.userPoolId} to the identity pool ${target.identityPoolId} no longer apply, so nothing was written. Ask again.`,
  );
}
