import type { Link } from '../../core/links/links.ts';

export const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';

/** A link for every app client of one user pool, but for what the test is about. */
export const linkOf = (more: Partial<Link> = {}): Link => ({
  userPools: ['us-east-1_A'],
  clients: ['*'],
  identityPool: POOL,
  roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
  serverSideTokenCheck: false,
  providerQuota: 50,
  onDelete: 'keep',
  ...more,
});
