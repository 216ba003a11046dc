import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolCommand,
  DescribeUserPoolCommand,
  ForgotPasswordCommand,
  ListTagsForResourceCommand,
  ListUserPoolClientsCommand,
  ListUserPoolsCommand,
  paginateListUserPools,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { parsePolicy } from '../../../kernel/iam.ts';
import { clientAt, cognito, fails, HOUR, home, local, newClient, newPool } from './fixture.ts';

describe('user pools', () => {
  test('a new user pool has an id and an ARN of its Region, and Cognito’s defaults', async () => {
    const pool = await newPool({ PoolName: 'Mobile users' });
    assert.match(pool.Id!, /^us-east-1_[0-9a-zA-Z]{9}$/);
    assert.equal(pool.Arn, `arn:aws:cognito-idp:us-east-1:111111111111:userpool/${pool.Id}`);
    assert.equal(pool.Name, 'Mobile users');
    assert.equal(pool.MfaConfiguration, 'OFF');
    assert.equal(pool.Policies?.PasswordPolicy?.MinimumLength, 8);
    assert.ok(Math.abs(pool.CreationDate!.getTime() - Date.now()) < HOUR);
    const described = await cognito.send(new DescribeUserPoolCommand({ UserPoolId: pool.Id! }));
    assert.deepEqual(described.UserPool, pool);
  });

  test('a user pool keeps its issuer configuration until an update omits it', async () => {
    const UPDATED = { IssuerConfiguration: { Type: 'UPDATED' } } as const;
    const pool = await newPool({ PoolName: 'kept', ...UPDATED });
    const UserPoolId = pool.Id!;
    assert.deepEqual(pool.IssuerConfiguration, UPDATED.IssuerConfiguration);
    const shown = async () => {
      const { UserPool } = await cognito.send(new DescribeUserPoolCommand({ UserPoolId }));
      return [UserPool?.Name, UserPool?.IssuerConfiguration?.Type];
    };
    await cognito.send(new UpdateUserPoolCommand({ UserPoolId }));
    assert.deepEqual(await shown(), ['kept', undefined]);
    await cognito.send(new UpdateUserPoolCommand({ UserPoolId, ...UPDATED }));
    assert.deepEqual(await shown(), ['kept', 'UPDATED']);
    await fails(
      newPool({ IssuerConfiguration: { Type: 'NEWEST' as 'UPDATED' } }),
      'InvalidParameterException',
      /issuerConfiguration.type/,
    );
  });

  test('a deleted user pool no longer exists', async () => {
    const { Id: UserPoolId } = await newPool();
    await cognito.send(new DeleteUserPoolCommand({ UserPoolId }));
    await fails(
      cognito.send(new DescribeUserPoolCommand({ UserPoolId })),
      'ResourceNotFoundException',
      `User pool ${UserPoolId} does not exist.`,
    );
  });

  test('a user pool with deletion protection cannot be deleted', async () => {
    const { Id: UserPoolId } = await newPool({ DeletionProtection: 'ACTIVE' });
    const deletion = cognito.send(new DeleteUserPoolCommand({ UserPoolId }));
    await fails(deletion, 'InvalidParameterException', /deletion protection is activated/);
    const { UserPool } = await cognito.send(new DescribeUserPoolCommand({ UserPoolId }));
    assert.equal(UserPool?.Id, UserPoolId);
  });

  test('a user pool is visible only in its own account and Region', async () => {
    const { Id: UserPoolId } = await newPool();
    for (const at of [{ account: '222222222222' }, { region: 'eu-west-1' }]) {
      const stranger = clientAt(at);
      const { UserPools } = await stranger.send(new ListUserPoolsCommand({ MaxResults: 60 }));
      assert.deepEqual(UserPools, []);
      await fails(
        stranger.send(new DescribeUserPoolCommand({ UserPoolId })),
        'ResourceNotFoundException',
      );
    }
  });

  test('the pages of user pools list each user pool once', async () => {
    const client = clientAt({ account: '333333333333' });
    const made = await Promise.all([...'abcde'].map((PoolName) => newPool({ PoolName }, client)));
    const pages = [];
    for await (const page of paginateListUserPools({ client, pageSize: 2 }, { MaxResults: 2 })) {
      pages.push(page.UserPools ?? []);
    }
    assert.deepEqual(
      pages.map(({ length }) => length),
      [2, 2, 1],
    );
    const ids = (pools: { Id?: string | undefined }[]) => pools.map(({ Id }) => Id).sort();
    assert.deepEqual(ids(pages.flat()), ids(made));
  });

  test('the tag _custom_id_ sets the id of a user pool and is not stored', async () => {
    const UserPoolTags = { _custom_id_: 'us-east-1_chosen', team: 'mobile' };
    const pool = await newPool({ UserPoolTags });
    assert.equal(pool.Id, 'us-east-1_chosen');
    assert.deepEqual(pool.UserPoolTags, { team: 'mobile' });
    await fails(newPool({ UserPoolTags }), 'InvalidParameterException', /already exists/);
  });

  test('a custom id must begin with the Region of the user pool', async () => {
    const elsewhere = newPool({ UserPoolTags: { _custom_id_: 'eu-west-1_chosen' } });
    await fails(elsewhere, 'InvalidParameterException', /in us-east-1/);
  });

  test('tags can be added and removed, and describing the user pool shows them', async () => {
    const pool = await newPool({ UserPoolTags: { team: 'mobile', stage: 'dev' } });
    const ResourceArn = pool.Arn!;
    await cognito.send(new TagResourceCommand({ ResourceArn, Tags: { stage: 'prod', cost: '7' } }));
    await cognito.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team'] }));
    const { Tags } = await cognito.send(new ListTagsForResourceCommand({ ResourceArn }));
    assert.deepEqual(Tags, { stage: 'prod', cost: '7' });
    const described = await cognito.send(new DescribeUserPoolCommand({ UserPoolId: pool.Id! }));
    assert.deepEqual(described.UserPool?.UserPoolTags, Tags);
  });

  test('reserved tags and too many tags are refused', async () => {
    const { Arn: ResourceArn } = await newPool();
    const tag = (Tags: Record<string, string>) =>
      cognito.send(new TagResourceCommand({ ResourceArn, Tags }));
    await fails(tag({ 'aws:mine': 'x' }), 'InvalidParameterException', /aws:/);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, 'x']));
    await fails(tag(many), 'InvalidParameterException', /50/);
  });

  test('a malformed id is refused with Cognito’s message', async () => {
    await fails(
      cognito.send(new DescribeUserPoolCommand({ UserPoolId: 'nonsense' })),
      'InvalidParameterException',
      "1 validation error detected: Value 'nonsense' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
    );
    await fails(
      cognito.send(new ListUserPoolsCommand({ MaxResults: 61 })),
      'InvalidParameterException',
      "1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60",
    );
    await fails(
      cognito.send(new DeleteUserPoolCommand({ UserPoolId: undefined })),
      'InvalidParameterException',
      "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not be null",
    );
  });

  test('unsupported features are refused: triggers, MFA and unknown operations', async () => {
    const PreSignUp = 'arn:aws:lambda:us-east-1:111111111111:function:trigger';
    await fails(newPool({ LambdaConfig: { PreSignUp } }), 'NotImplemented', /Lambda triggers/);
    await fails(newPool({ MfaConfiguration: 'ON' }), 'NotImplemented', /multi-factor/);
    const { ClientId } = await home();
    const forgot = cognito.send(new ForgotPasswordCommand({ ClientId, Username: 'ada' }));
    await fails(forgot, 'NotImplemented', /ForgotPassword/);
  });
});

describe('policies', () => {
  function session(...Statement: object[]) {
    const arn = 'arn:aws:iam::111111111111:role/Tester';
    const trust = parsePolicy({ Statement: [] });
    const policies = [parsePolicy({ Version: '2012-10-17', Statement })];
    const role = local.aws.iam.putRole({ arn, name: 'Tester', trust, policies });
    const opened = local.aws.iam.openSession(role, { name: 'test', seconds: 900 });
    const { accessKeyId, secretAccessKey, sessionToken } = opened.session;
    return new CognitoIdentityProviderClient({
      region: 'us-east-1',
      endpoint: local.endpoint,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      maxAttempts: 1,
    });
  }

  test('a policy on the ARN of a user pool allows access to that user pool only', async () => {
    const [mine, other] = [await newPool(), await newPool()];
    const Action = ['cognito-idp:ListUserPoolClients', 'cognito-idp:ListTagsForResource'];
    const tester = session({ Effect: 'Allow', Action, Resource: mine.Arn });
    const list = (UserPoolId: string | undefined) =>
      tester.send(new ListUserPoolClientsCommand({ UserPoolId }));
    assert.deepEqual((await list(mine.Id)).UserPoolClients, []);
    await fails(list(other.Id), 'AccessDeniedException', new RegExp(`on resource: ${other.Arn} `));
    const tags = (ResourceArn: string | undefined) =>
      tester.send(new ListTagsForResourceCommand({ ResourceArn }));
    assert.deepEqual((await tags(mine.Arn)).Tags, {});
    await fails(tags(other.Arn), 'AccessDeniedException');
  });

  test('a policy on resource tags allows access to user pools with these tags', async () => {
    const [mobile, web] = [
      await newPool({ UserPoolTags: { team: 'mobile' } }),
      await newPool({ UserPoolTags: { team: 'web' } }),
    ];
    const tester = session({
      Effect: 'Allow',
      Action: 'cognito-idp:*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'mobile' } },
    });
    assert.equal((await newClient(mobile.Id!, {}, tester)).ClientName, 'app');
    await fails(newClient(web.Id!, {}, tester), 'AccessDeniedException');
  });

  test('a policy on request tags limits the tags of new user pools', async () => {
    const tester = session({
      Effect: 'Allow',
      Action: 'cognito-idp:CreateUserPool',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestTag/team': 'mobile' } },
    });
    const pool = await newPool({ UserPoolTags: { team: 'mobile' } }, tester);
    assert.deepEqual(pool.UserPoolTags, { team: 'mobile' });
    await fails(newPool({}, tester), 'AccessDeniedException');
  });
});
