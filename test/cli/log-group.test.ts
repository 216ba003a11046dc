import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { type LocalAws, startAws } from 'embedded-aws';
import { LogGroup } from '../../cli/executions/log-group.ts';

describe('a log group', () => {
  let local: LocalAws;
  let group: LogGroup;
  /** The answer of FilterLogEvents for each token. */
  let pageAfter: (token: number) => object;
  before(async () => {
    // A hundred pages take AWS seconds.
    local = await startAws({ trail: false, unlimited: ['logs:FilterLogEvents'] });
    const { operations } = local.aws.services.get('logs')!;
    operations['FilterLogEvents'] = { run: ({ input }) => pageAfter(Number(input['nextToken'])) };
    const credentials = { accessKeyId: '111111111111', secretAccessKey: 'any' };
    const { endpoint } = local;
    group = new LogGroup(new CloudWatchLogs({ endpoint, region: 'us-east-1', credentials }), 'log');
  });
  after(() => local.close());

  test('is read to its end, even through many empty pages', async () => {
    pageAfter = (token) => {
      const page = Number.isNaN(token) ? 0 : token;
      const events = page % 70 === 69 ? [{ message: `{"id":${page}}` }] : [];
      return page === 139 ? { events } : { events, nextToken: `${page + 1}` };
    };
    assert.deepEqual(await group.find('{}'), [{ id: 69 }, { id: 139 }]);
  });

  test('whose token repeats ends with an error that says so', async () => {
    pageAfter = () => ({ events: [], nextToken: '1' });
    await assert.rejects(group.find('{}'), {
      name: 'AwsUnavailableError',
      message: /^FilterLogEvents returned the same token for the next page twice/,
    });
  });
});
