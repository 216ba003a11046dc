import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CreateUserPoolClientCommandInput,
  DeleteUserPoolClientCommand,
  DescribeUserPoolClientCommand,
  ListUserPoolClientsCommand,
  paginateListUserPoolClients,
  UpdateUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  allFail,
  cognito,
  enter,
  fails,
  HOUR,
  home,
  local,
  newClient,
  newPool,
} from './fixture.ts';

describe('app clients', () => {
  test('a new app client has AWS’s defaults', async () => {
    const { Id: UserPoolId } = await newPool();
    const { CreationDate, LastModifiedDate, ...client } = await newClient(UserPoolId!);
    assert.match(client.ClientId!, /^[0-9a-z]{26}$/);
    assert.deepEqual(client, {
      UserPoolId,
      ClientName: 'app',
      ClientId: client.ClientId,
      RefreshTokenValidity: 30,
      TokenValidityUnits: {},
      AllowedOAuthFlowsUserPoolClient: false,
      EnableTokenRevocation: true,
      EnablePropagateAdditionalUserContextData: false,
      AuthSessionValidity: 3,
    });
    assert.ok(Math.abs(CreationDate!.getTime() - Date.now()) < HOUR);
    assert.deepEqual(CreationDate, LastModifiedDate);
  });

  test('describing an app client shows its secret, and listing does not', async () => {
    const { Id: UserPoolId } = await newPool();
    const { ClientId, ClientSecret } = await newClient(UserPoolId!, { GenerateSecret: true });
    assert.match(ClientSecret!, /^[0-9a-z]{51,64}$/);
    const described = await cognito.send(
      new DescribeUserPoolClientCommand({ UserPoolId, ClientId }),
    );
    assert.equal(described.UserPoolClient?.ClientSecret, ClientSecret);
    const { UserPoolClients } = await cognito.send(new ListUserPoolClientsCommand({ UserPoolId }));
    assert.deepEqual(UserPoolClients, [{ ClientId, UserPoolId, ClientName: 'app' }]);
  });

  test('CloudTrail records the creation of an app client and masks its secret', async () => {
    const { Id: UserPoolId } = await newPool();
    const { ClientId } = await newClient(UserPoolId!, { GenerateSecret: true });
    const record = local.aws.trail.records.at(-1)!;
    assert.equal(record.eventName, 'CreateUserPoolClient');
    assert.deepEqual(record['requestParameters'], {
      userPoolId: UserPoolId,
      clientName: 'app',
      generateSecret: true,
    });
    const { userPoolClient } = record['responseElements'] as Record<string, object>;
    assert.partialDeepStrictEqual(userPoolClient, {
      clientId: ClientId,
      clientSecret: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    });
  });

  test('pages of app clients stay correct while app clients are deleted', async () => {
    const { Id: UserPoolId } = await newPool();
    const made = await Promise.all([...'abcdefg'].map(() => newClient(UserPoolId!)));
    const seen: string[] = [];
    const asked = { UserPoolId, MaxResults: 3 };
    for await (const page of paginateListUserPoolClients({ client: cognito }, asked)) {
      const ids = (page.UserPoolClients ?? []).map(({ ClientId }) => ClientId!);
      seen.push(...ids);
      await cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId: ids.at(-1) }));
    }
    assert.deepEqual(seen.sort(), made.map(({ ClientId }) => ClientId!).sort());
  });

  test('an invalid page token is refused', async () => {
    const { Id: UserPoolId } = await newPool();
    const asked = cognito.send(new ListUserPoolClientsCommand({ UserPoolId, NextToken: 'abc' }));
    await fails(asked, 'InvalidParameterException', /pagination token/);
  });

  test('an update resets omitted settings, and keeps id, name and secret', async () => {
    const { Id: UserPoolId } = await newPool();
    const settings = {
      GenerateSecret: true,
      AccessTokenValidity: 2,
      CallbackURLs: ['https://a.b'],
    };
    const was = await newClient(UserPoolId!, { ...settings, ClientName: 'first' });
    const { UserPoolClient: is } = await cognito.send(
      new UpdateUserPoolClientCommand({
        UserPoolId,
        ClientId: was.ClientId,
        LogoutURLs: ['https://c.d'],
      }),
    );
    assert.deepEqual(is?.LogoutURLs, ['https://c.d']);
    assert.equal(is?.CallbackURLs, undefined);
    assert.equal(is?.AccessTokenValidity, undefined);
    assert.equal(is?.ClientName, 'first');
    assert.equal(is?.ClientSecret, was.ClientSecret);
    assert.deepEqual(is?.CreationDate, was.CreationDate);
  });

  test('no operation finds a deleted app client', async () => {
    const { UserPoolId, ClientId } = await home();
    await cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId }));
    await allFail(
      [
        cognito.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId })),
        cognito.send(new DeleteUserPoolClientCommand({ UserPoolId, ClientId })),
        enter(ClientId, 'ada'),
      ],
      'ResourceNotFoundException',
      `User pool client ${ClientId} does not exist.`,
    );
  });

  test('settings that AWS refuses are refused', async () => {
    const { Id = '' } = await newPool();
    const refused = (input: Partial<CreateUserPoolClientCommandInput>, message: RegExp) =>
      fails(newClient(Id, input), 'InvalidParameterException', message);
    await refused({ ClientName: '<app>' }, /'<app>' at 'clientName' .*\[\\w\\s\+=,\.@-\]\+$/);
    await refused({ AccessTokenValidity: 25 }, /^Invalid range for token validity\.$/);
    await refused({ TokenValidityUnits: { RefreshToken: 'minutes' } }, /^Invalid range/);
    await refused({ AuthSessionValidity: 16 }, /'authSessionValidity' .*less than or equal to 15$/);
    await refused({ ExplicitAuthFlows: ['ALLOW_USER_AUTH', 'USER_PASSWORD_AUTH'] }, /legacy/);
    await refused(
      { ExplicitAuthFlows: ['ALLOW_ALL' as 'ALLOW_USER_AUTH'] },
      /Value '\[ALLOW_ALL\]' at 'explicitAuthFlows' .*enum value set: \[ADMIN_NO_SRP_AUTH, /,
    );
  });
});

describe('limits of app clients', () => {
  test('a user pool has at most a thousand app clients', async () => {
    const { Id: UserPoolId = '' } = await newPool();
    const principal = local.aws.iam.principalOf('111111111111');
    const create = () =>
      local.aws.call({
        service: 'cognito-idp',
        operation: 'CreateUserPoolClient',
        region: 'us-east-1',
        principal,
        input: { UserPoolId, ClientName: 'app' },
      });
    await Promise.all(Array.from({ length: 1000 }, create));
    await fails(newClient(UserPoolId), 'LimitExceededException', /1000/);
  });

  test('a secret is either generated or given', async () => {
    const { Id = '' } = await newPool();
    const ClientSecret = 'abcdefghijklmnopqrstuvwxyz';
    assert.equal((await newClient(Id, { ClientSecret })).ClientSecret, ClientSecret);
    const both = newClient(Id, { ClientSecret, GenerateSecret: true });
    await fails(both, 'InvalidParameterException', /cannot both be given/);
  });

  test('a rotated refresh token can stay valid for at most a minute', async () => {
    const { Id = '' } = await newPool();
    const rotating = { Feature: 'ENABLED', RetryGracePeriodSeconds: 60 } as const;
    const { RefreshTokenRotation } = await newClient(Id, { RefreshTokenRotation: rotating });
    assert.deepEqual(RefreshTokenRotation, rotating);
    const longer = { Feature: 'ENABLED', RetryGracePeriodSeconds: 61 } as const;
    const asked = newClient(Id, { RefreshTokenRotation: longer });
    await fails(asked, 'InvalidParameterException', /rotation/);
  });
});
