import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CognitoIdentityClient,
  GetIdentityPoolRolesCommand,
  GetPrincipalTagAttributeMapCommand,
  SetIdentityPoolRolesCommand,
  SetPrincipalTagAttributeMapCommand,
  UpdateIdentityPoolCommand,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolClientCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Reason } from '../../cli/check/reasons.ts';
import { deployAccountB } from '../../demo/deploy.ts';
import { poolbridge } from '../cli/command.ts';
import { grantsOf } from '../security/grants.ts';
import { until } from '../until.ts';
import { ACCOUNT_A, full, HOME, startWorld, type World } from '../world.ts';

const ACCOUNT = '777777777777';
const REGION = 'ap-south-1';
const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000012';
const POWERLESS = 'ap-south-1:00000000-0000-0000-0000-000000000013';
const BY_RULES = 'us-east-1_Mapped001';
const BY_TOKEN = 'us-east-1_Mapped002';
const IN_VAIN = 'us-east-1_Mapped003';

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const providerName = (id: string) => `cognito-idp.us-east-1.amazonaws.com/${id}`;
const keyOf = (id: string, clientId: string) => `${providerName(id)}:${clientId}`;

const Roles = { authenticated: role('user'), unauthenticated: role('guest') };
const foreign = {
  'cognito-idp.eu-west-3.amazonaws.com/eu-west-3_Foreign01:foreignwithcheck': {
    Type: 'Rules' as const,
    AmbiguousRoleResolution: 'Deny' as const,
    RulesConfiguration: {
      Rules: [{ Claim: 'c', MatchType: 'Contains' as const, Value: 'v', RoleARN: role('foreign') }],
    },
  },
  'accounts.google.com': {
    Type: 'Token' as const,
    AmbiguousRoleResolution: 'AuthenticatedRole' as const,
  },
};

const rule = (match: string, value: string, name: string) => ({
  Claim: 'custom:team',
  MatchType: match,
  Value: value,
  RoleARN: role(name),
});
const byRules = {
  Type: 'Rules',
  AmbiguousRoleResolution: 'Deny',
  RulesConfiguration: {
    Rules: [rule('Equals', 'admin', 'admin'), rule('StartsWith', 'dev', 'dev')],
  },
};
const byToken = { Type: 'Token', AmbiguousRoleResolution: 'AuthenticatedRole' };

describe('role mappings and principal tags', () => {
  let world: World;
  let accountB: CognitoIdentityClient;

  before(async () => {
    world = await startWorld();
    const { aws } = world.local;
    const trusted = { TrustedAccountId: ACCOUNT_A, PrincipalTags: 'true' };
    const roles = ['user', 'guest', 'foreign', 'admin', 'dev'].map(role).join(',');
    for (const [IdentityPoolIds, RoleName, RoleMappingRoleArns] of [
      [POOL, 'poolbridge-mapper', roles],
      [POWERLESS, 'poolbridge-powerless', ['user', 'guest', 'foreign'].map(role).join(',')],
    ] as const) {
      await deployAccountB(
        aws,
        { account: ACCOUNT, region: REGION },
        { ...trusted, IdentityPoolIds, RoleName, RoleMappingRoleArns },
      );
    }
    for (const id of [BY_RULES, BY_TOKEN, IN_VAIN]) await world.createUserPool(id);
    accountB = world.client(CognitoIdentityClient, { account: ACCOUNT, region: REGION });
    for (const IdentityPoolId of [POOL, POWERLESS]) {
      await world.createIdentityPool(IdentityPoolId, ACCOUNT);
      await accountB.send(
        new SetIdentityPoolRolesCommand({ IdentityPoolId, Roles, RoleMappings: foreign }),
      );
    }
  });
  after(() => world.close());

  const rolesOf = async (IdentityPoolId: string) => {
    const { Roles: roles, RoleMappings } = await accountB.send(
      new GetIdentityPoolRolesCommand({ IdentityPoolId }),
    );
    return { Roles: roles, RoleMappings };
  };
  const tagsOf = async (userPoolId: string) => {
    const { UseDefaults, PrincipalTags } = await accountB.send(
      new GetPrincipalTagAttributeMapCommand({
        IdentityPoolId: POOL,
        IdentityProviderName: providerName(userPoolId),
      }),
    );
    return { UseDefaults, PrincipalTags };
  };
  const setTags = (PrincipalTags: Record<string, string>) =>
    accountB.send(
      new SetPrincipalTagAttributeMapCommand({
        IdentityPoolId: POOL,
        IdentityProviderName: providerName(BY_RULES),
        UseDefaults: false,
        PrincipalTags,
      }),
    );
  /** Why the users of an app client get no credentials, or may not, as the command says. */
  const reasonsFor = async (clientId: string): Promise<Reason[]> => {
    const args = ['why', '--user-pool', BY_RULES, '--client', clientId, '--json'];
    return JSON.parse((await poolbridge(world, args)).out).identityPools[0].reasons;
  };
  const opsOf = (ended: Awaited<ReturnType<World['run']>>) =>
    ended
      .result()
      .results.flatMap((each) => ('changes' in each ? each.changes : []).map(({ op }) => op));
  const entriesOf = async (id: string, userPoolId: string) =>
    ((await world.describe(id, ACCOUNT)).CognitoIdentityProviders ?? []).filter(
      ({ ProviderName }) => ProviderName === providerName(userPoolId),
    );

  test('are added with the entry, beside foreign ones, and removed before it when the app client is deleted', async () => {
    const before = await world.describe(POOL, ACCOUNT);
    const clientId = await world.createAppClient(BY_RULES, 'rules-web');
    const linked = await world.executionFor(clientId);
    assert.deepEqual(opsOf(linked), ['add', 'map', 'tag']);
    const key = keyOf(BY_RULES, clientId);
    assert.deepEqual(await rolesOf(POOL), { Roles, RoleMappings: { ...foreign, [key]: byRules } });
    assert.deepEqual(await tagsOf(BY_RULES), {
      UseDefaults: false,
      PrincipalTags: { team: 'custom:team' },
    });
    const [result] = linked.result().results;
    assert.ok(result && 'after' in result);
    assert.deepEqual(result.after.Roles, Roles);
    assert.deepEqual(Object.keys(result.after.RoleMappings!), [...Object.keys(foreign), key]);

    await world
      .client(CognitoIdentityProviderClient, HOME)
      .send(new DeleteUserPoolClientCommand({ UserPoolId: BY_RULES, ClientId: clientId }));
    const isDone = async () =>
      (await world.executions()).some(({ output }) => output?.includes('"UNLINKED"'));
    await until(isDone);
    assert.deepEqual(await rolesOf(POOL), { Roles, RoleMappings: foreign });
    assert.deepEqual(await tagsOf(BY_RULES), { UseDefaults: false, PrincipalTags: {} });
    assert.deepEqual(await world.describe(POOL, ACCOUNT), before);
  });

  test('are those of the first link that has them; the tags stay until the last app client is unlinked', async () => {
    const [token, both, plain] = await Promise.all(
      ['token-1', 'both-1', 'plain-1'].map((name) => world.createAppClient(BY_TOKEN, name)),
    );
    for (const clientId of [token!, both!, plain!]) await world.executionFor(clientId);
    const mapped = { [keyOf(BY_TOKEN, token!)]: byToken, [keyOf(BY_TOKEN, both!)]: byToken };
    assert.deepEqual((await rolesOf(POOL)).RoleMappings, { ...foreign, ...mapped });
    assert.deepEqual(await tagsOf(BY_TOKEN), { UseDefaults: true, PrincipalTags: {} });

    const unlink = { operation: 'unlink', userPoolId: BY_TOKEN };
    const first = await world.run({ ...unlink, clientId: both });
    assert.deepEqual(opsOf(first), ['unmap', 'remove']);
    const rest = await world.run(unlink);
    assert.deepEqual(opsOf(rest).sort(), ['remove', 'remove', 'unmap', 'untag']);
    assert.deepEqual(await rolesOf(POOL), { Roles, RoleMappings: foreign });

    const undone = await world.run({ operation: 'undo', executionArn: rest.executionArn });
    assert.deepEqual(opsOf(undone).sort(), ['add', 'add', 'map', 'tag']);
    assert.deepEqual((await rolesOf(POOL)).RoleMappings, {
      ...foreign,
      [keyOf(BY_TOKEN, token!)]: byToken,
    });
    assert.deepEqual(await tagsOf(BY_TOKEN), { UseDefaults: true, PrincipalTags: {} });
  });

  test('are planned, and reported by reconcile if they differ from links.yml', async () => {
    const clientId = await world.createAppClient(BY_RULES, 'rules-changed');
    await world.executionFor(clientId);
    const { RoleMappings = {} } = await rolesOf(POOL);
    const { [keyOf(BY_RULES, clientId)]: _, ...others } = RoleMappings;
    await accountB.send(
      new SetIdentityPoolRolesCommand({ IdentityPoolId: POOL, Roles, RoleMappings: others }),
    );
    const plan = await world.run({ userPoolId: BY_RULES, clientId, dryRun: true });
    assert.equal(plan.result().results[0]?.outcome, 'PLANNED');
    assert.deepEqual(opsOf(plan), ['map']);
    assert.deepEqual(await rolesOf(POOL), { Roles, RoleMappings: others });
    const [beside] = await reasonsFor(clientId);
    assert.deepEqual([beside!.reason, beside!.blocks], ['role mapping', false]);
    assert.match(beside!.todo, /^Write it: poolbridge link --user-pool /);
    const reconciled = await world.run({ link: 'mapped-by-rules' }, undefined, world.reconcileArn);
    const { identityPools } = JSON.parse(reconciled.output!);
    assert.equal(identityPools[0].counts.changed, 1);

    assert.deepEqual(opsOf(await world.run({ userPoolId: BY_RULES, clientId })), ['map']);
    assert.deepEqual(opsOf(await world.run({ userPoolId: BY_RULES, clientId })), []);
    await setTags({ mine: 'sub' });
    // A foreign setting is kept, when the app client is linked and when it is unlinked.
    assert.deepEqual(opsOf(await world.run({ userPoolId: BY_RULES, clientId })), []);
    const unlinked = await world.run({ operation: 'unlink', userPoolId: BY_RULES, clientId });
    assert.deepEqual(opsOf(unlinked), ['unmap', 'remove']);
    assert.deepEqual((await tagsOf(BY_RULES)).PrincipalTags, { mine: 'sub' });
    await setTags({});
  });

  test('are limited to ten by AWS: the eleventh app client is refused, and nothing of it remains', async () => {
    const { RoleMappings: before = {} } = await rolesOf(POOL);
    const others = [
      ...Object.keys(full.SupportedLoginProviders!),
      ...full.OpenIdConnectProviderARNs!,
      ...full.SamlProviderARNs!,
      'cognito-idp.us-east-1.amazonaws.com/us-east-1_Foreign02:foreignwithout',
    ].map((key) => [key, foreign['accounts.google.com']]);
    const RoleMappings = { ...before, ...Object.fromEntries(others) };
    await accountB.send(
      new SetIdentityPoolRolesCommand({ IdentityPoolId: POOL, Roles, RoleMappings }),
    );
    const free = 10 - Object.keys(RoleMappings).length;
    const names = Array.from({ length: free + 1 }, (_, i) => `rules-${i}`);
    const clientIds = await Promise.all(names.map((name) => world.createAppClient(BY_RULES, name)));
    const ends = await Promise.all(clientIds.map((clientId) => world.executionFor(clientId)));
    const [refused, ...more] = ends.filter(({ status }) => status !== 'SUCCEEDED');
    assert.equal(refused?.error, 'ProviderQuotaError');
    assert.match(refused.failure().message, /10 of 10 role mappings/);
    assert.deepEqual(more, []);
    assert.equal((await entriesOf(POOL, BY_RULES)).length, free);
    await world.run({ operation: 'unlink', userPoolId: BY_RULES });
    assert.deepEqual((await rolesOf(POOL)).RoleMappings, RoleMappings);
  });

  test('that AWS refuses make the entry be removed again: no app client gets another role instead', async () => {
    const before = await world.describe(POWERLESS, ACCOUNT);
    const clientId = await world.createAppClient(IN_VAIN);
    const ended = await world.executionFor(clientId);
    assert.equal(ended.error, 'TargetAccessDeniedError');
    assert.match(ended.failure().message, /role\/admin' is forbidden.*RoleMappingRoleArns/);
    assert.deepEqual(await world.describe(POWERLESS, ACCOUNT), before);
    assert.deepEqual(await rolesOf(POWERLESS), { Roles, RoleMappings: foreign });
    await world.run({ operation: 'unlink', userPoolId: IN_VAIN, clientId });
  });

  test('need only the necessary permissions, for this identity pool and these roles', async () => {
    const { aws } = world.local;
    const mapper = aws.iam.roles.get(role('poolbridge-mapper'))!;
    const needless: string[] = [];
    for (const grant of mapper.policies.flatMap((policy) => grantsOf(mapper.name, policy))) {
      const clientId = await world.createAppClient(BY_RULES, 'rules-tried');
      await world.executionFor(clientId);
      await world.run({ operation: 'unlink', userPoolId: BY_RULES });
      const giveBack = grant.remove();
      const { error } = await world.run({ userPoolId: BY_RULES, clientId });
      giveBack();
      const isNeeded = error === 'TargetAccessDeniedError';
      if (!isNeeded) needless.push(`${grant.action} on ${grant.resource}: ${error}`);
      if (isNeeded) assert.deepEqual(await entriesOf(POOL, BY_RULES), []);
    }
    assert.deepEqual(needless, []);
    const written = aws.trail.records.findLast(
      ({ eventName, requestParameters }) =>
        eventName === 'AssumeRole' && JSON.stringify(requestParameters).includes('SetIdentityPool'),
    )!;
    const { policy } = written['requestParameters'] as { policy: string };
    assert.deepEqual(JSON.parse(policy).Statement.slice(1), [
      {
        Effect: 'Allow',
        Resource: '*',
        Action: ['SetIdentityPoolRoles', 'SetPrincipalTagAttributeMap'].map(
          (action) => `cognito-identity:${action}`,
        ),
      },
      { Effect: 'Allow', Action: ['iam:PassRole'], Resource: role('*') },
    ]);
  });

  test('that remain after others removed the entry are removed by unlinking the app client', async () => {
    const clientId = await world.createAppClient(BY_RULES, 'rules-left');
    await world.executionFor(clientId);
    const pool = await world.describe(POOL, ACCOUNT);
    const CognitoIdentityProviders = pool.CognitoIdentityProviders!.filter(
      (entry) => entry.ClientId !== clientId,
    );
    await accountB.send(
      new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders } as never),
    );
    const other = await world.createAppClient(BY_RULES, 'rules-next');
    const refused = await world.executionFor(other);
    assert.equal(refused.error, 'RoleMappingError');
    assert.match(
      refused.failure().message,
      new RegExp(`${clientId}, whose entry is gone.*unlink --left-behind .*${clientId}`),
    );
    assert.deepEqual(await entriesOf(POOL, BY_RULES), []);
    const unlinked = await world.run({ operation: 'unlink', userPoolId: BY_RULES, clientId });
    assert.deepEqual(opsOf(unlinked), ['unmap']);
    // The entry counts as unlinked from then on, and no longer as removed by others.
    const [missing] = await reasonsFor(clientId);
    assert.match(missing!.found, /has no entry for it\. Poolbridge unlinked it at /);
    await world.run({ userPoolId: BY_RULES, clientId: other });
    assert.equal((await entriesOf(POOL, BY_RULES)).length, 1);
  });

  test('that remain from a foreign entry stop only requests with role mappings, and can be removed by name', async () => {
    const mapped = await world.createAppClient(BY_RULES, 'rules-ours');
    (await world.executionFor(mapped)).result();
    const { RoleMappings: present = {} } = await rolesOf(POOL);
    const pool = await world.describe(POOL, ACCOUNT);
    const stranger = { ProviderName: providerName('us-east-1_Foreign09'), ClientId: 'gone' };
    const entries = [...pool.CognitoIdentityProviders!, stranger];
    const update = (CognitoIdentityProviders: typeof entries) =>
      accountB.send(new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders } as never));
    await update(entries);
    const dead = keyOf('us-east-1_Foreign09', 'gone');
    const RoleMappings = { ...present, [dead]: foreign['accounts.google.com'] };
    await accountB.send(
      new SetIdentityPoolRolesCommand({ IdentityPoolId: POOL, Roles, RoleMappings }),
    );
    const leftBehind = { operation: 'unlink', identityPoolId: POOL, leftBehind: true };
    const named = { ...leftBehind, userPoolId: 'us-east-1_Foreign09', clientId: 'gone' };
    const alive = await world.run(named);
    assert.equal(alive.error, 'InvalidRequestError');
    assert.match(alive.failure().message, /its role mapping is not left behind/);
    await update(entries.filter(({ ClientId }) => ClientId !== 'gone'));

    // A request with a role mapping is refused, also in a dry run and in a reconcile that repairs the rest.
    const next = await world.createAppClient(BY_RULES, 'rules-after');
    assert.equal((await world.executionFor(next)).error, 'RoleMappingError');
    const plan = await world.run({ userPoolId: BY_RULES, clientId: next, dryRun: true });
    const [foreseen] = plan.result().results;
    assert.ok(foreseen && 'wouldFail' in foreseen);
    assert.equal(foreseen.wouldFail.error, 'RoleMappingError');
    const advice = `--left-behind --user-pool us-east-1_Foreign09 --client gone --identity-pool ${POOL} --stage dev --region us-east-1`;
    assert.ok(foreseen.wouldFail.message.includes(advice), foreseen.wouldFail.message);
    const [blocking, ...others] = await reasonsFor(next);
    assert.deepEqual([blocking!.reason, blocking!.blocks, others], ['role mapping', true, []]);
    assert.ok(blocking!.found.includes(advice), blocking!.found);
    const repair = { link: 'mapped-by-rules', repair: true };
    const reconciled = await world.run(repair, undefined, world.reconcileArn);
    assert.equal(reconciled.error, 'RoleMappingError');
    assert.ok(reconciled.failure().message.includes(advice));

    // Requests without a role mapping still work.
    const plain = await world.createAppClient(BY_TOKEN, 'plain-after');
    (await world.executionFor(plain)).result();
    const unlink = { operation: 'unlink', userPoolId: BY_RULES, clientId: mapped };
    assert.deepEqual(opsOf(await world.run(unlink)), ['remove']);

    assert.deepEqual(opsOf(await world.run({ ...named, dryRun: true })), ['unmap', 'unmap']);
    assert.ok(Object.hasOwn((await rolesOf(POOL)).RoleMappings!, dead));
    const taken = await world.run(named);
    assert.deepEqual(opsOf(taken), ['unmap', 'unmap']);
    const rest = Object.keys((await rolesOf(POOL)).RoleMappings!);
    assert.ok(!rest.includes(dead) && !rest.includes(keyOf(BY_RULES, mapped)));
    assert.deepEqual(opsOf(await world.run(named)), []);
    assert.deepEqual(opsOf(await world.run({ userPoolId: BY_RULES, clientId: next })), [
      'add',
      'map',
    ]);
    await world.run({ operation: 'unlink', userPoolId: BY_RULES });
    await world.run({ operation: 'unlink', userPoolId: BY_TOKEN });
  });

  test('are restored with an entry that others removed, whether or not they removed them too', async () => {
    const clientId = await world.createAppClient(BY_TOKEN, 'token-restored');
    await world.executionFor(clientId);
    const key = keyOf(BY_TOKEN, clientId);
    const isComplete = async () => {
      const [entry] = await entriesOf(POOL, BY_TOKEN);
      assert.equal(entry?.ClientId, clientId);
      assert.deepEqual((await rolesOf(POOL)).RoleMappings![key], byToken);
      assert.equal((await tagsOf(BY_TOKEN)).UseDefaults, true);
    };
    await isComplete();
    for (const isAll of [false, true]) {
      const pool = await world.describe(POOL, ACCOUNT);
      const CognitoIdentityProviders = pool.CognitoIdentityProviders!.filter(
        (entry) => entry.ClientId !== clientId,
      );
      if (isAll) {
        const { [key]: _, ...RoleMappings } = (await rolesOf(POOL)).RoleMappings!;
        await accountB.send(
          new SetIdentityPoolRolesCommand({ IdentityPoolId: POOL, Roles, RoleMappings }),
        );
        await accountB.send(
          new SetPrincipalTagAttributeMapCommand({
            IdentityPoolId: POOL,
            IdentityProviderName: providerName(BY_TOKEN),
            UseDefaults: false,
            PrincipalTags: {},
          }),
        );
      }
      await accountB.send(
        new UpdateIdentityPoolCommand({ ...pool, CognitoIdentityProviders } as never),
      );
      assert.deepEqual(await entriesOf(POOL, BY_TOKEN), []);
      await world.daysLater(POOL);
      const repair = { link: 'mapped-by-token', repair: true };
      const { output, cause } = await world.run(repair, undefined, world.reconcileArn);
      // Other app clients may be refused while the role mapping has no entry.
      assert.equal(JSON.parse(output ?? cause!).totals.restored, 1, cause);
      await isComplete();
    }
    await world.run({ operation: 'unlink', userPoolId: BY_TOKEN });
  });
});
