import type { IssuerChoice } from '../../core/issuer.ts';
import type { PoolIssuer } from '../../core/reconcile/issuers.ts';

const names: Record<IssuerChoice, string> = {
  original: 'under its original name only',
  updated: 'under its updated name only',
  both: 'under both of its names',
};

/** One sentence: the issuer of a user pool, and the entries that its app clients get. */
export function issuerSentence({ userPoolId, issuer, entries }: PoolIssuer): string {
  const what = issuer === 'unknown' ? 'has an unknown issuer' : `has the ${issuer} issuer`;
  return `The user pool ${userPoolId} ${what}; its app clients get entries ${names[entries]}.`;
}

/** What to do about the issuer of a user pool; undefined if its users can sign in, as far as is known. */
export function issuerAdvice({ issuer, entries }: PoolIssuer): string | undefined {
  if (issuer === 'unknown') {
    return 'Allow cognito-idp:DescribeUserPool: deploy Poolbridge again, and deploy resources/user-pool-account.yml if the user pool is in another account. If both are deployed, the user pool has a setting that this version does not know: update Poolbridge, or set issuer in links.yml.';
  }
  if (entries === 'both' || entries === issuer) return undefined;
  return `Tokens of this user pool name its ${issuer} issuer, and users may not be able to sign in. Set issuer: both in links.yml, or remove issuer there.`;
}
