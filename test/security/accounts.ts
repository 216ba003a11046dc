import { deployAccountB, deployForwarder, deployUserPoolAccount } from '../../demo/deploy.ts';
import { ACCOUNT_A, ACCOUNT_B, ACCOUNT_D, HOME, pools, startWorld, World } from '../world.ts';

export const NAMED = 'us-east-1_Mobile001';
export const APPROVED = 'us-east-1_Approve01';
export const TAGGED = 'us-east-1_Web000001';
export const ABROAD = 'us-east-1_Abroad003';
export const accountB = { account: ACCOUNT_B, region: 'ap-south-1' };
export const AWAY = { account: ACCOUNT_D, region: 'us-east-1' };
export const QUEUE = `${ACCOUNT_A}/poolbridge-dev-undelivered-events`;

/** Account-A, Account-B and another account with user pools, set up for the job. */
export interface Prepared {
  world: World;
  /** The same AWS, called as the other account. */
  abroad: World;
  /** The dead-letter queues of the service and of what forwards events to it, and the account of each. */
  queues: [url: string, where: typeof HOME][];
}

/** Deploys every template that the job needs, and creates its pools. */
export async function prepareAccounts(): Promise<Prepared> {
  const world = await startWorld(
    { trail: false },
    { ForwardingAccounts: [ACCOUNT_B, ACCOUNT_D].join(',') },
  );
  const abroad = new World(world.local, world.machineArn, AWAY);
  const { aws, endpoint } = world.local;
  const HomeBusArn = `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`;
  const { UndeliveredEvents } = await deployForwarder(aws, AWAY, { HomeBusArn });
  await deployUserPoolAccount(aws, AWAY, { TrustedAccountId: ACCOUNT_A, UserPoolIds: ABROAD });
  aws.stateMachines.retryScale = 0.001;
  aws.identityPools.providerQuota = 1000;
  // The issuer of such a user pool shows in the result, so reading it is needed.
  const updated = { IssuerConfiguration: { Type: 'UPDATED' } } as const;
  await abroad.createUserPool(ABROAD, {}, updated);
  await world.createUserPool(NAMED, {}, updated);
  await world.createUserPool(APPROVED, {}, updated);
  await world.createUserPool(TAGGED, { team: 'web' }, updated);
  await world.createIdentityPool(pools.mobile);
  await world.createIdentityPool(pools.web);
  const toldFrom = await deployAccountB(aws, accountB, {
    TrustedAccountId: ACCOUNT_A,
    ExternalId: 'pairing-1',
    NameWhoRemoves: 'true',
    TellPoolChanges: 'true',
    HomeBusArn,
    IdentityPoolIds: [pools.mobile, pools.web].join(','),
  });
  const queues: Prepared['queues'] = [
    [`${endpoint}/${QUEUE}`, HOME],
    [UndeliveredEvents!, AWAY],
    [toldFrom['UndeliveredEvents']!, accountB],
  ];
  return { world, abroad, queues };
}
