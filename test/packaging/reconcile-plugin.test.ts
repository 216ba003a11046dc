import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import ReconcilePlugin from '../../packaging/reconcile-plugin.ts';
import { ACCOUNT_A, HOME, startWorld, type World } from '../world.ts';

describe('the end of a deployment', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
  });
  after(() => world.close());

  /** The output of the plugin, with the parts of osls that it uses. */
  const deployed = async (stage: string) => {
    const said: Record<'notice' | 'warning', string[]> = { notice: [], warning: [] };
    const provider = {
      getAccountInfo: async () => ({ partition: 'aws', accountId: ACCOUNT_A }),
      getRegion: () => HOME.region,
      getStage: () => stage,
      getAwsSdkV3Config: async () => ({
        endpoint: world.local.endpoint,
        region: HOME.region,
        credentials: { accessKeyId: ACCOUNT_A, secretAccessKey: 'any' },
      }),
    };
    const log = {
      notice: (message: string) => said.notice.push(message),
      warning: (message: string) => said.warning.push(message),
    };
    const plugin = new ReconcilePlugin({ getProvider: () => provider }, {}, { log });
    await plugin.hooks['after:deploy:deploy']();
    return said;
  };

  test('starts a reconcile that repairs what changed links lead to, and prints its execution', async () => {
    const { notice, warning } = await deployed('dev');
    assert.deepEqual(warning, []);
    const [{ arn, input } = { arn: '', input: '' }] =
      world.local.aws.stateMachines.executions.values();
    assert.deepEqual(notice, [`Existing app clients are being linked: ${arn}`]);
    assert.match(arn, /:execution:poolbridge-dev-reconcile:/);
    assert.equal(input, '{"repair":true,"changedOnly":true}');
  });

  test('is a warning if the reconcile can not be started', async () => {
    const { notice, warning } = await deployed('nowhere');
    assert.deepEqual(notice, []);
    assert.match(
      warning.join(),
      /^Existing app clients are not linked yet, since poolbridge-nowhere-reconcile could not be started \(.*\)\. Start it with \{"repair":true\}, or wait for its schedule\.$/,
    );
  });
});
