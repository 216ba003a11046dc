import { CognitoIdentityClient, UpdateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { deployAccountB } from '../demo/deploy.ts';
import { packagedService } from '../demo/package-cache.ts';
import { sharedLinks } from '../test/setup.ts';
import { until } from '../test/until.ts';
import { ACCOUNT_A, ACCOUNT_B, pools, startWorld, type World } from '../test/world.ts';

const CHANGES = 1000;
const MOST_RECHECKS = 10;
const MOST_SECONDS = 60;

const USER_POOL = 'us-east-1_Restored1';
const POOL = pools.restored;
const THERE = { account: ACCOUNT_B, region: 'ap-south-1' };

/** What others do: they replace the entries of the identity pool. */
const replace = (world: World, ...clientIds: string[]) =>
  world.client(CognitoIdentityClient, THERE).send(
    new UpdateIdentityPoolCommand({
      IdentityPoolId: POOL,
      IdentityPoolName: 'pool',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: clientIds.map((ClientId) => ({
        ProviderName: 'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01',
        ClientId,
      })),
    }),
  );

const rechecks = ({ local }: World) =>
  [...local.aws.stateMachines.executions.values()].filter(({ name }) =>
    name.startsWith('recheck-'),
  );

const isQuiet = (world: World): boolean =>
  rechecks(world).every(({ status }) => status !== 'RUNNING');

/** The seconds from a removal to the event that names who did it, and to the repair. */
async function removal(world: World): Promise<{ told: number; repaired: number }> {
  const clientId = await world.createAppClient(USER_POOL);
  await world.executionFor(clientId);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const next = await world.listen('EntryRemoved');
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  await replace(world, 'foreign');
  const told = (async () => {
    for (;;) {
      const event = await next().catch(() => undefined);
      if (event) return since();
    }
  })();
  await until(async () => {
    const { CognitoIdentityProviders: entries = [] } = await world.describe(POOL);
    return entries.some((entry) => entry.ClientId === clientId);
  });
  const repaired = since();
  return { told: await told, repaired };
}

/** How many rechecks a storm of changes starts, and how long it takes until all is quiet. */
async function storm(world: World): Promise<{ rechecks: number; seconds: number; all: number }> {
  await until(() => isQuiet(world));
  const before = rechecks(world).length;
  const began = performance.now();
  for (let i = 0; i < CHANGES; i++) await replace(world, `foreign${i}`);
  const seconds = (performance.now() - began) / 1000;
  await world.local.aws.buses.settled();
  await until(() => rechecks(world).length > before && isQuiet(world));
  const all = (performance.now() - began) / 1000;
  return { rechecks: rechecks(world).length - before, seconds, all };
}

/** Drift by event: how soon a removal is told and repaired, and what a storm of changes costs. In real time. */
export async function drift(): Promise<void> {
  const artifact = await packagedService(sharedLinks());
  process.env['POOLBRIDGE_ARTIFACT'] = artifact.folder;
  const world = await startWorld({}, { ForwardingAccounts: ACCOUNT_B });
  for (const { environment } of world.local.aws.functions.all()) {
    // As it is deployed.
    if (environment['RECHECK_WAIT_SECONDS']) environment['RECHECK_WAIT_SECONDS'] = '10';
  }
  await deployAccountB(world.local.aws, THERE, {
    TrustedAccountId: ACCOUNT_A,
    IdentityPoolIds: POOL,
    ExternalId: 'pairing-1',
    TellPoolChanges: 'true',
    HomeBusArn: `arn:aws:events:us-east-1:${ACCOUNT_A}:event-bus/default`,
  });
  await world.createUserPool(USER_POOL);
  await world.createIdentityPool(POOL, ACCOUNT_B, {});
  const { told, repaired } = await removal(world);
  console.log('From a removal by others, without the delay of CloudTrail (goal: at most 60 s):');
  console.log(`  told who did it   ${told.toFixed(1)} s`);
  console.log(`  restored          ${repaired.toFixed(1)} s`);
  const { rechecks: count, seconds, all } = await storm(world);
  console.log(`${CHANGES} changes by others within ${seconds.toFixed(0)} s:`);
  console.log(`  rechecks          ${count} (goal: at most ${MOST_RECHECKS})`);
  console.log(`  quiet after       ${all.toFixed(0)} s`);
  await world.close();
  artifact.remove();
  if (count > MOST_RECHECKS || Math.max(told, repaired) > MOST_SECONDS) process.exitCode = 1;
}
