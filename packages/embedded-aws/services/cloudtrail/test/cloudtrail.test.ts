import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CloudTrail,
  CloudTrailClient,
  LookupEventsCommand,
  paginateLookupEvents,
} from '@aws-sdk/client-cloudtrail';
import { CognitoIdentityClient, CreateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { type LocalAws, startAws } from '../../../index.ts';

const ACCOUNT = '222222222222';

describe('CloudTrail’s event history', () => {
  let local: LocalAws;

  before(async () => {
    local = await startAws({ trail: false });
  });
  after(() => local.close());

  const where = (account = ACCOUNT, region = 'ap-south-1') => ({
    endpoint: local.endpoint,
    region,
    credentials: { accessKeyId: account, secretAccessKey: 'any' },
    // LookupEvents is allowed twice a second, and the SDK gives up after three attempts by default.
    maxAttempts: 10,
  });

  const create = (name: string, account?: string, region?: string) =>
    new CognitoIdentityClient(where(account, region)).send(
      new CreateIdentityPoolCommand({
        IdentityPoolName: name,
        AllowUnauthenticatedIdentities: false,
      }),
    );

  const lookup = (EventName: string, times: { StartTime?: Date; EndTime?: Date } = {}) =>
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: EventName }],
      ...times,
    });

  test('lists the calls of one account and Region that write, newest first, in pages, without a trail', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `pool-${i}`);
    for (const name of names) await create(name);
    await create('elsewhere', ACCOUNT, 'eu-west-1');
    await create('others', '333333333333');
    const client = new CloudTrailClient(where());
    const found: string[] = [];
    const pages: number[] = [];
    for await (const { Events = [] } of paginateLookupEvents(
      { client },
      lookup('CreateIdentityPool').input,
    )) {
      pages.push(Events.length);
      found.push(
        ...Events.map(({ CloudTrailEvent }) => {
          const { userIdentity, requestParameters } = JSON.parse(CloudTrailEvent!);
          assert.equal(userIdentity.arn, `arn:aws:iam::${ACCOUNT}:root`);
          return requestParameters.identityPoolName as string;
        }),
      );
    }
    assert.deepEqual(pages, [50, 50, 20]);
    assert.deepEqual(found, names.toReversed());
  });

  test('filters by time and event name, and refuses an invalid time range or token', async () => {
    const client = new CloudTrailClient(where());
    const hour = 3_600_000;
    const at = (ago: number) => new Date(Date.now() - ago);
    const count = async (command: LookupEventsCommand) =>
      (await client.send(command)).Events?.length;
    assert.equal(await count(lookup('DeleteIdentityPool')), 0);
    assert.equal(await count(lookup('CreateIdentityPool', { StartTime: at(hour) })), 50);
    assert.equal(await count(lookup('CreateIdentityPool', { EndTime: at(hour) })), 0);
    await assert.rejects(
      count(lookup('CreateIdentityPool', { StartTime: at(0), EndTime: at(hour) })),
      { name: 'InvalidTimeRangeException' },
    );
    const { input } = lookup('CreateIdentityPool');
    await assert.rejects(count(new LookupEventsCommand({ ...input, NextToken: 'guessed' })), {
      name: 'InvalidNextTokenException',
    });
  });

  test('shows an organization trail to a member account, which can read its status by ARN but not its selectors', async () => {
    const { trail } = local.aws;
    const TrailName = 'arn:aws:cloudtrail:us-east-1:999999999999:trail/organization';
    trail.organizationTrail = TrailName;
    const member = new CloudTrail(where());
    const owner = new CloudTrail(where('999999999999', 'us-east-1'));
    const { trailList = [] } = await member.describeTrails({});
    assert.deepEqual(
      trailList.map(({ TrailARN, IsOrganizationTrail }) => [TrailARN, IsOrganizationTrail]),
      [[TrailName, true]],
    );
    assert.equal((await member.getTrailStatus({ Name: TrailName })).IsLogging, true);
    const unknown = {
      name: 'TrailNotFoundException',
      message: /^Unknown trail: .* for the user: /,
    };
    await assert.rejects(member.getTrailStatus({ Name: 'organization' }), unknown);
    await assert.rejects(member.getEventSelectors({ TrailName }), unknown);
    for (const name of [TrailName, 'organization']) {
      const { TrailARN } = await owner.getEventSelectors({ TrailName: name });
      assert.equal(TrailARN, TrailName);
    }
    trail.organizationTrail = undefined;
    assert.deepEqual((await member.describeTrails({})).trailList, []);
  });
});
