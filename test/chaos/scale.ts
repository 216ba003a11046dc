import { fileURLToPath } from 'node:url';
import { deployStack, readTemplate } from 'embedded-aws';
import type { Execution } from 'embedded-aws/services/states/machines.ts';
import { entriesOf } from '../../core/identity-pool/identity-pool.ts';
import { ACCOUNT_A, providerNameOf } from './accounts.ts';
import type { Scene } from './scene.ts';
import type { Script } from './script.ts';
import { fill } from './user-pools.ts';

const REGION = 'ap-south-1';
// As many as fit into the policy of one role of resources/account-b.yml.
const POOLS_OF_ROLE = 50;
const ROLES_OF_ACCOUNT = 2;
const ROLE = 'poolbridge-link';
// In milliseconds of virtual time: a listing lags behind creations by less.
const SETTLED = 2 * 60_000;
const LONGEST = 6 * 60 * 60_000;

/** How much there is to reconcile. No two identity pools share a user pool. */
export interface Scale {
  identityPools: number;
  /** How many user pools feed each identity pool, in turns. */
  userPools: number[];
  /** How many app clients the user pools of one identity pool have together. */
  clients: number;
}

/** The figures of a reconcile. */
export interface Measured {
  /** One for each part. */
  executions: Execution[];
  /** How many of the entries that should exist do. */
  entries: number;
  /** The duration of all parts together, in seconds of virtual time. */
  seconds: number;
  /** The events of the longest history, and the characters of the longest state. */
  events: number;
  longestState: number;
}

interface ScaledPool {
  id: string;
  account: string;
  role: string;
  userPools: string[];
}

const digits = (n: number, length: number): string => String(n).padStart(length, '0');

/** The identity pools, each with its account, role and user pools. */
function poolsOf({ identityPools, userPools }: Scale): ScaledPool[] {
  let next = 0;
  return Array.from({ length: identityPools }, (_, i): ScaledPool => {
    const role = Math.floor(i / POOLS_OF_ROLE);
    const own = Array.from(
      { length: userPools[i % userPools.length] ?? 0 },
      () => `us-east-1_S${digits(next++, 8)}`,
    );
    return {
      id: `${REGION}:00000000-0000-0000-0000-${digits(i, 12)}`,
      account: `3000000000${digits(Math.floor(role / ROLES_OF_ACCOUNT), 2)}`,
      role: `${ROLE}-${role % ROLES_OF_ACCOUNT}`,
      userPools: own,
    };
  });
}

/** The links.yml of a scale: one link for each identity pool. */
export function scaledLinks(scale: Scale): string {
  const links = poolsOf(scale).map(
    ({ id, account, role, userPools }, i) => `
  link-${i}:
    userPools: [${userPools.join(', ')}]
    identityPool: ${id}
    roleArn: arn:aws:iam::${account}:role/${role}`,
  );
  return `links:${links.join('')}\n`;
}

/** Creates the accounts, roles, user pools, app clients and identity pools of a scale. */
async function create({ aws, observer }: Scene, scale: Scale): Promise<void> {
  const pools = poolsOf(scale);
  const template = readTemplate(
    fileURLToPath(new URL('../../resources/account-b.yml', import.meta.url)),
  );
  const byRole = Map.groupBy(pools, ({ account, role }) => `${account} ${role}`);
  for (const [name, group] of byRole) {
    const [account = '', RoleName = ''] = name.split(' ');
    const IdentityPoolIds = group.map(({ id }) => id).join(',');
    const parameters = { TrustedAccountId: ACCOUNT_A, RoleName, IdentityPoolIds };
    await deployStack(aws, { account, region: REGION, name: RoleName, template, parameters });
  }
  const enabled = aws.throttle.enabled;
  // Creating all of this at the rates of AWS would take hours, and it is not what is measured.
  aws.throttle.enabled = false;
  for (const { id, account, userPools } of pools) {
    await aws.call({
      service: 'cognito-identity',
      operation: 'CreateIdentityPool',
      input: {
        IdentityPoolName: 'customers',
        AllowUnauthenticatedIdentities: false,
        IdentityPoolTags: { _custom_id_: id },
      },
      principal: aws.iam.principalOf(account),
      region: REGION,
    });
    observer.begin(aws.identityPools.find(id).pool);
    observer.limit(id, scale.clients);
    for (const [i, userPoolId] of userPools.entries()) {
      await aws.call({
        service: 'cognito-idp',
        operation: 'CreateUserPool',
        input: { PoolName: 'users', UserPoolTags: { _custom_id_: userPoolId } },
        principal: aws.iam.principalOf(ACCOUNT_A),
        region: 'us-east-1',
      });
      fill(aws, userPoolId, Math.floor((scale.clients + i) / userPools.length));
      for (const ClientId of aws.userPools.find(userPoolId)?.clients.keys() ?? []) {
        observer.ask('link', [id], providerNameOf(userPoolId), ClientId);
      }
    }
  }
  aws.throttle.enabled = enabled;
}

/**
 * Reconciles all identity pools of a scale, with repair, and waits for the end of the last part.
 *
 * @param measured gets the figures.
 */
export const scaled = (scale: Scale, measured: (figures: Measured) => void): Script => ({
  name: 'a reconcile of more identity pools than one execution has room for',
  mistakes: [],
  longest: LONGEST,
  async play(stage) {
    const { aws, clock } = stage.scene;
    await create(stage.scene, scale);
    await stage.sleep(SETTLED);
    const machines = [...aws.stateMachines.machines.values()];
    const machine = machines.find(({ name }) => name === 'poolbridge-dev-reconcile');
    if (!machine) throw new Error('The state machine reconcile does not exist.');
    const before = clock.elapsed;
    aws.stateMachines.start(machine, 'all', '{"repair":true}');
    const executions = () =>
      [...aws.stateMachines.executions.values()].filter((each) => each.machine === machine);
    await stage.until(() => executions().every(({ status }) => status !== 'RUNNING'));
    const found = executions();
    const texts = found.flatMap(({ history }) =>
      history.events.flatMap(({ details }) => [
        String(details?.['input'] ?? '').length,
        String(details?.['output'] ?? '').length,
      ]),
    );
    const entries = poolsOf(scale).map(
      ({ id }) => entriesOf(aws.identityPools.find(id).pool).length,
    );
    measured({
      executions: found,
      entries: entries.reduce((sum, each) => sum + each, 0),
      seconds: Math.round((clock.elapsed - before) / 1000),
      events: Math.max(...found.map(({ history }) => history.events.length)),
      longestState: texts.reduce((most, each) => Math.max(most, each), 0),
    });
  },
});
