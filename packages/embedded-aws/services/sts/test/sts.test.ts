import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CognitoIdentity } from '@aws-sdk/client-cognito-identity';
import { type AssumeRoleCommandInput, type Credentials, STS } from '@aws-sdk/client-sts';
import { type LocalAws, startAws } from '../../../index.ts';
import { parsePolicy } from '../../../kernel/iam.ts';

const CALLER = '111111111111';
const OWNER = '222222222222';
const REGION = 'us-east-1';
const ROLE = `arn:aws:iam::${OWNER}:role/link`;

let local: LocalAws;
let root: STS;

before(async () => {
  local = await startAws({ trail: false });
  root = clientOf({ AccessKeyId: CALLER });
});
after(() => local.close());

const configOf = ({ AccessKeyId = '', SessionToken = '' }: Partial<Credentials>) => ({
  endpoint: local.endpoint,
  region: REGION,
  maxAttempts: 1,
  credentials: {
    accessKeyId: AccessKeyId,
    secretAccessKey: 'any',
    ...(SessionToken && { sessionToken: SessionToken }),
  },
});

const clientOf = (credentials: Partial<Credentials>) => new STS(configOf(credentials));

function putRole(arn: string, trust: object, ...policies: object[]): string {
  local.aws.iam.putRole({
    arn,
    name: arn.split('/').at(-1) ?? '',
    trust: parsePolicy({ Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', ...trust }] }),
    policies: policies.map((statement) =>
      parsePolicy({ Statement: [{ Effect: 'Allow', Resource: '*', ...statement }] }),
    ),
  });
  return arn;
}

const trusted = { Principal: { AWS: `arn:aws:iam::${CALLER}:root` } };
const anything = { Action: '*' };
const denied = { name: 'AccessDenied' };

const assume = (sts: STS, more: Partial<AssumeRoleCommandInput> = {}) =>
  sts.assumeRole({ RoleArn: ROLE, RoleSessionName: 'session', ...more });

/** A client with a session of a role of the calling account that has these permissions. */
async function callerWith(...Action: string[]): Promise<STS> {
  const RoleArn = putRole(`arn:aws:iam::${CALLER}:role/service/worker`, trusted, { Action });
  const { Credentials } = await assume(root, { RoleArn });
  return clientOf(Credentials ?? {});
}

describe('GetCallerIdentity', () => {
  test('names the root user of an account', async () => {
    const { $metadata: _, ...caller } = await root.getCallerIdentity({});
    const Arn = `arn:aws:iam::${CALLER}:root`;
    assert.deepEqual(caller, { Arn, UserId: CALLER, Account: CALLER });
  });

  test('names the session of a role, and needs no permission', async () => {
    const caller = await callerWith();
    const { Arn, UserId, Account } = await caller.getCallerIdentity({});
    assert.equal(Arn, `arn:aws:sts::${CALLER}:assumed-role/worker/session`);
    assert.match(UserId ?? '', /^AROA[0-9A-F]{16}:session$/);
    assert.equal(Account, CALLER);
  });

  test('refuses a call without credentials or with unknown ones', async () => {
    const response = await fetch(local.endpoint, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' }),
    });
    assert.equal(response.status, 403);
    assert.match(await response.text(), /<Code>MissingAuthenticationToken<\/Code>/);
    await assert.rejects(clientOf({ AccessKeyId: 'ASIAUNKNOWN' }).getCallerIdentity({}), {
      name: 'UnrecognizedClientException',
    });
  });
});

describe('AssumeRole', () => {
  test('gives credentials of a role that trusts the caller’s account', async () => {
    putRole(ROLE, trusted);
    const { AssumedRoleUser, Credentials } = await assume(root, { DurationSeconds: 900 });
    const Arn = `arn:aws:sts::${OWNER}:assumed-role/link/session`;
    assert.equal(AssumedRoleUser?.Arn, Arn);
    const { Arn: caller } = await clientOf(Credentials ?? {}).getCallerIdentity({});
    assert.equal(caller, Arn);
    const seconds = ((Credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000;
    assert.ok(seconds > 800 && seconds <= 900);
  });

  test('refuses a role that does not exist or does not trust the caller’s account', async () => {
    const text = `User: arn:aws:iam::${CALLER}:root is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`;
    // The same text for both, so that no one learns which roles there are.
    const RoleArn = `${ROLE}-unknown`;
    await assert.rejects(assume(root, { RoleArn }), { ...denied, message: `${text}-unknown` });
    putRole(ROLE, { Principal: { AWS: 'arn:aws:iam::333333333333:root' } });
    await assert.rejects(assume(root), { ...denied, message: text });
  });

  test('names the caller’s own policies where these are the cause', async () => {
    putRole(ROLE, trusted);
    await assert.rejects(assume(await callerWith('sts:GetCallerIdentity')), {
      ...denied,
      message: / because no identity-based policy allows the sts:AssumeRole action$/,
    });
  });

  test('requires the external id of the trust policy', async () => {
    putRole(ROLE, { ...trusted, Condition: { StringEquals: { 'sts:ExternalId': 'pairing' } } });
    await assert.rejects(assume(root), denied);
    await assert.rejects(assume(root, { ExternalId: 'Pairing' }), denied);
    await assume(root, { ExternalId: 'pairing' });
  });

  test('evaluates the conditions of the trust policy on the caller and the session', async () => {
    const caller = await callerWith('sts:AssumeRole');
    const withCondition = (Condition: object) => putRole(ROLE, { ...trusted, Condition });
    withCondition({
      ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${CALLER}:role/service/*` },
    });
    await assume(caller);
    await assert.rejects(assume(root), denied);
    withCondition({ StringLike: { 'sts:RoleSessionName': 'deploy-*' } });
    await assert.rejects(assume(caller), denied);
    await assume(caller, { RoleSessionName: 'deploy-1' });
  });

  test('requires the permission of both the caller and the role, in the same account too', async () => {
    putRole(ROLE, trusted);
    await assert.rejects(assume(await callerWith('sts:GetCallerIdentity')), denied);
    const own = putRole(`arn:aws:iam::${CALLER}:role/own`, {
      Principal: { AWS: `arn:aws:iam::${OWNER}:root` },
    });
    await assert.rejects(assume(await callerWith('sts:AssumeRole'), { RoleArn: own }), denied);
  });

  test('requires sts:SetSourceIdentity for a source identity', async () => {
    const caller = await callerWith('sts:*');
    putRole(ROLE, trusted);
    await assert.rejects(assume(caller, { SourceIdentity: 'run-1' }), {
      ...denied,
      message: /sts:SetSourceIdentity/,
    });
    putRole(ROLE, { ...trusted, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] });
    const { SourceIdentity } = await assume(caller, { SourceIdentity: 'run-1' });
    assert.equal(SourceIdentity, 'run-1');
  });

  test('restricts a session by its session policy', async () => {
    putRole(ROLE, trusted, anything);
    const Statement = [{ Effect: 'Allow', Action: 'cognito-identity:List*', Resource: '*' }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    const { Credentials } = await assume(root, { Policy });
    const identity = new CognitoIdentity(configOf(Credentials ?? {}));
    await identity.listIdentityPools({ MaxResults: 1 });
    const input = { IdentityPoolName: 'pool', AllowUnauthenticatedIdentities: false };
    await assert.rejects(identity.createIdentityPool(input), { name: 'AccessDeniedException' });
  });

  test('refuses an invalid session name, duration or session policy', async () => {
    putRole(ROLE, trusted, { Action: 'sts:AssumeRole' });
    for (const more of [
      { RoleSessionName: 'x' },
      { RoleSessionName: 'with space' },
      { DurationSeconds: 899 },
      { DurationSeconds: 43_201 },
      { Policy: ' '.repeat(2049) },
    ]) {
      await assert.rejects(assume(root, more), { name: 'ValidationError' }, JSON.stringify(more));
    }
    const chained = await callerWith('sts:AssumeRole');
    await assume(chained, { DurationSeconds: 3600 });
    await assert.rejects(assume(chained, { DurationSeconds: 3601 }), {
      name: 'ValidationError',
      message: /exceeds the 1 hour session limit for roles assumed by role chaining/,
    });
  });

  test('refuses a Region that the account of the role or of the caller has not enabled', async () => {
    putRole(ROLE, trusted);
    const { disabledRegions } = local.aws;
    disabledRegions.add(`${OWNER} ${REGION}`);
    await assert.rejects(assume(root), { name: 'RegionDisabledException' });
    disabledRegions.add(`${CALLER} ${REGION}`);
    await assert.rejects(assume(root), { name: 'InvalidClientTokenId' });
    disabledRegions.clear();
    await assume(root);
  });
});

describe('AssumeRoleWithWebIdentity', () => {
  const SERVICE = 'cognito-identity.amazonaws.com';
  let poolId: string;
  let identityId: string;
  let token: string;

  before(async () => {
    const identity = new CognitoIdentity(configOf({ AccessKeyId: OWNER }));
    const pool = await identity.createIdentityPool({
      IdentityPoolName: 'pool',
      AllowUnauthenticatedIdentities: true,
      AllowClassicFlow: true,
    });
    poolId = pool.IdentityPoolId ?? '';
    const { IdentityId = '' } = await identity.getId({ IdentityPoolId: poolId });
    identityId = IdentityId;
    token = (await identity.getOpenIdToken({ IdentityId })).Token ?? '';
  });

  const assumeWith = (WebIdentityToken: string) =>
    root.assumeRoleWithWebIdentity({
      RoleArn: ROLE,
      RoleSessionName: 'guest',
      WebIdentityToken,
    });

  const trust = (amr: string) =>
    putRole(ROLE, {
      Principal: { Federated: SERVICE },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: { [`${SERVICE}:aud`]: poolId },
        'ForAnyValue:StringLike': { [`${SERVICE}:amr`]: amr },
      },
    });

  test('gives credentials of a role that trusts the identity', async () => {
    trust('unauthenticated');
    const answer = await assumeWith(token);
    assert.equal(answer.SubjectFromWebIdentityToken, identityId);
    assert.equal(answer.Audience, poolId);
    assert.equal(answer.Provider, SERVICE);
    const { Arn } = await clientOf(answer.Credentials ?? {}).getCallerIdentity({});
    assert.equal(Arn, `arn:aws:sts::${OWNER}:assumed-role/link/guest`);
  });

  test('refuses a role that does not trust the identity', async () => {
    trust('authenticated');
    await assert.rejects(assumeWith(token), {
      ...denied,
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    });
  });

  test('refuses a forged token and an expired one', async (t) => {
    trust('unauthenticated');
    const forged = token.replace(/[^.]+$/, 'AAAA');
    await assert.rejects(assumeWith(forged), { name: 'InvalidIdentityTokenException' });
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 601_000 });
    await assert.rejects(assumeWith(token), { name: 'ExpiredTokenException' });
  });
});
