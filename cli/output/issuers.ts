import type { IssuerChoice } from '../../core/issuer.ts';
import type { PoolIssuer } from '../../core/reconcile/issuers.ts';

const names: Record<IssuerChoice, string> = {
  original: 'under its original name alone',
  updated: 'under its updated name alone',
  both: 'under both its names',
};

/** The issuer of a user pool, and which entries its app clients get, as one sentence. */
export function issuerSentence({ userPoolId, issuer, entries }: PoolIssuer): string {
  const what = issuer === 'unknown' ? 'has an issuer that is unknown' : `has the ${issuer} issuer`;
  return `The user pool ${userPoolId} ${what}; its app clients get entries ${names[entries]}.`;
}

/** What to do about it; undefined where users can sign in, as far as is known. */
export function issuerAdvice({ issuer, entries }: PoolIssuer): string | undefined {
  if (issuer === 'unknown') {
    return 'Allow cognito-idp:DescribeUserPool: deploy Poolbridge again, and resources/user-pool-account.yml where the user pool is in another account. If that is done, the user pool has a setting that this version does not know: update Poolbridge, or set issuer in links.yml.';
  }
  if (entries === 'both' || entries === issuer) return undefined;
  return `Tokens of this user pool name its ${issuer} issuer, and users may not be able to sign in. Set issuer: both in links.yml, or remove issuer there.`;
}
