import { type IssuerChoice, namesIn, namesOf } from '../issuer.ts';
import { choiceFor, coverageOf, userPoolIn } from '../links/coverage.ts';
import type { Links } from '../links/links.ts';
import type { Issuer } from '../user-pool.ts';
import type { Evidence } from './classify.ts';

/** The issuer of a user pool, and the names under which the links write its entries. */
export interface PoolIssuer {
  userPoolId: string;
  /** `unknown` if it could not be read, or if this version does not know it. */
  issuer: Issuer | 'unknown';
  entries: IssuerChoice;
}

type Listed = Pick<Evidence, 'listed'> & { links: Links };

/** The issuers of the user pools that the links to an identity pool cover. */
function allIssuers({ links, listed }: Listed): PoolIssuer[] {
  return [...listed].flatMap(([userPoolId, listing]) => {
    const { tags, issuer = 'unknown' } = listing;
    const [coverage] = coverageOf(links, { ...userPoolIn(links, userPoolId), tags });
    return coverage ? [{ userPoolId, issuer, entries: choiceFor(coverage, listing) }] : [];
  });
}

/**
 * The user pools to report: those with another issuer than the original one, or an unknown one, and those with
 * entries under another name.
 *
 * @param listed user pools, and the links that lead to one identity pool.
 */
export const issuersOf = (listed: Listed): PoolIssuer[] =>
  allIssuers(listed).filter(
    ({ issuer, entries }) => issuer !== 'original' || entries !== 'original',
  );

/** The provider names under which the links to an identity pool write entries. */
export const wantedNames = (listed: Listed, partition: string): string[] =>
  allIssuers(listed).flatMap(({ userPoolId, entries }) =>
    namesIn(namesOf(userPoolId, partition, entries)),
  );
