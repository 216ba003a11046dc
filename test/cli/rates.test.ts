import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type LocalAws, startAws } from 'embedded-aws';
import { History } from 'embedded-aws/services/states/history.ts';
import { ACCOUNT_A } from '../world.ts';
import { poolbridge } from './command.ts';

// More than the burst of 300 calls that DescribeExecution allows; then it allows 15 a second.
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const EXECUTIONS = 400;

const arnOf = (kind: string, name: string) =>
  `arn:aws:states:us-east-1:${ACCOUNT_A}:${kind}:poolbridge-dev-${name}`;

/** An embedded AWS with the state machines of a deployment, one of which has many executions. */
async function longHistory(): Promise<LocalAws> {
  const local = await startAws({ trail: false });
  const { logGroups, stateMachines } = local.aws;
  for (const name of ['link', 'reconcile']) {
    const arn = arnOf('stateMachine', name);
    stateMachines.machines.set(arn, {
      arn,
      name: `poolbridge-dev-${name}`,
      account: ACCOUNT_A,
      region: 'us-east-1',
      roleArn: '',
      definition: { StartAt: '', States: {} },
      created: 0,
    });
  }
  const groups = [
    'vendedlogs/states/poolbridge-dev-link',
    'vendedlogs/states/poolbridge-dev-reconcile',
  ];
  const writers = [
    'lambda/poolbridge-dev-UpdateIdentityPool',
    'lambda/poolbridge-dev-ReconcileIdentityPool',
  ];
  for (const name of [...groups, ...writers]) {
    logGroups.create(`arn:aws:logs:us-east-1:${ACCOUNT_A}:log-group:/aws/${name}`);
  }
  const machine = stateMachines.machine(arnOf('stateMachine', 'link'));
  const now = Date.now() / 1000;
  for (let i = 0; i < EXECUTIONS; i++) {
    const [arn, request] = [
      arnOf('execution', `link:${i}`),
      { operation: 'link', userPoolId: 'us-east-1_Mobile001', clientId: `client${i}` },
    ];
    const output = { ...request, requestedBy: { via: 'unknown' }, results: [], notCovered: 'why' };
    stateMachines.executions.set(arn, {
      arn,
      name: `${i}`,
      machine,
      status: 'SUCCEEDED',
      history: new History(() => {}),
      input: JSON.stringify(request),
      output: JSON.stringify(output),
      startDate: now - 2 * EXECUTIONS + i,
      stopDate: now - EXECUTIONS + i,
    });
  }
  return local;
}

/** The arguments that make a command read the executions, and the key of the list in its answer. */
const commands: [args: string[], key: string][] = [
  [['history', '--limit', '1000'], 'executions'],
  [['audit', '--since', '1d', '--all'], 'records'],
];

for (const [args, key] of commands) {
  describe(`poolbridge ${args.join(' ')}`, () => {
    let local: LocalAws;
    before(async () => {
      local = await longHistory();
    });
    after(() => local.close());

    test('reads more executions than the rate of AWS allows at once, and shows its progress', async () => {
      const { code, out, err } = await poolbridge(
        { local },
        [...args, '--json'],
        undefined,
        {},
        true,
      );
      assert.equal(code, 0, out.slice(0, 500));
      const found = JSON.parse(out)[key] as { clientId: string }[];
      assert.equal(new Set(found.map(({ clientId }) => clientId)).size, EXECUTIONS);
      assert.match(err, new RegExp(`${EXECUTIONS - 20} of ${EXECUTIONS} executions`));
    });
  });
}
