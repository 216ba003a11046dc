import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { HOME, pools, startWorld, type World } from '../world.ts';

const MOBILE = 'us-east-1_Mobile001';
const WEB = 'us-east-1_Web000001';
const OTHER = 'us-east-1_Other0001';
const SOMEONE = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:someone';

type Item = Record<string, { S?: string; N?: string }>;

/** What a principal gains that may only write to the table. */
describe('a request forged in the table', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ trail: false });
    for (const id of [MOBILE, OTHER]) await world.createUserPool(id);
    await world.createUserPool(WEB, { team: 'web' });
    for (const id of [pools.mobile, pools.web]) await world.createIdentityPool(id);
  });
  after(() => world.close());

  const forge = (identityPoolId: string, key: string, body: unknown, more: Item = {}) =>
    world.local.aws.tables.ask(HOME, 'PutItem', {
      TableName: 'poolbridge-dev',
      Item: {
        pk: { S: identityPoolId },
        sk: { S: `pending#${key}` },
        ticket: { N: '0' },
        body: { S: typeof body === 'string' ? body : JSON.stringify(body) },
        expiresAt: { N: String(Date.now() + 3_600_000) },
        ...more,
      },
    });

  /** The clients in the ledger. */
  const ledger = async (identityPoolId: string): Promise<string[]> => {
    const { Items } = (await world.local.aws.tables.ask(HOME, 'Query', {
      TableName: 'poolbridge-dev',
      KeyConditionExpression: 'pk = :pool AND begins_with(sk, :entry)',
      ExpressionAttributeValues: { ':pool': { S: identityPoolId }, ':entry': { S: 'entry#' } },
    })) as { Items: Item[] };
    return Items.map(({ sk }) => sk!.S!.split('#').at(-1)!).sort();
  };

  const clientsOf = async (identityPoolId: string): Promise<string[]> => {
    const { CognitoIdentityProviders = [] } = await world.describe(identityPoolId);
    return CognitoIdentityProviders.map(({ ClientId }) => ClientId!);
  };

  const asked = (key: string, more: object) => ({
    key,
    execution: SOMEONE,
    operation: 'link',
    userPoolId: MOBILE,
    ...more,
  });

  test('is written only if links.yml covers a client that exists; a real one is always done', async () => {
    const real = await world.createAppClient(MOBILE);
    const covered = await world.createAppClient(MOBILE, 'covered');
    const hijacked = await world.createAppClient(MOBILE, 'hijacked');
    const uncovered = await world.createAppClient(OTHER);
    const elsewhere = await world.createAppClient(WEB, 'web-shop');
    const before = await world.describe(pools.mobile);
    const evil = { operation: 'link', providerName: 'evil.example/x', clientId: 'evil' };
    const forged: Record<string, object> = {
      uncovered: { userPoolId: OTHER, clientId: uncovered },
      elsewhere: { userPoolId: WEB, clientId: elsewhere },
      missing: { clientId: 'doesnotexist' },
      all: {},
      foreign: { operation: 'unlink', userPoolId: 'us-east-1_Foreign02' },
      foreignone: {
        operation: 'unlink',
        userPoolId: 'us-east-1_Foreign02',
        clientId: 'foreignwithout',
      },
      intent: { clientId: real, intent: { ...evil, serverSideTokenCheck: false } },
      links: { clientId: 'doesnotexist', links: ['mobile'], clientName: 'covered' },
      named: { clientId: uncovered, clientName: 'covered' },
      operation: { clientId: covered, operation: 'replace' },
      region: { userPoolId: 'evil.example/_x', clientId: 'evil' },
      typed: { userPoolId: [MOBILE], clientId: { S: 'evil' } },
      huge: { clientId: 'x'.repeat(200_000) },
    };
    for (const [key, more] of Object.entries(forged)) {
      await forge(pools.mobile, key, asked(key, more));
    }
    await forge(pools.mobile, 'another', asked('covered', { clientId: hijacked }));
    await forge(pools.mobile, 'proto', `{"__proto__":${JSON.stringify(asked('proto', {}))}}`);
    for (const [i, body] of ['', '{', 'null', '[]', '7', '['.repeat(50_000)].entries()) {
      await forge(pools.mobile, `torn${i}`, body);
    }
    await forge(pools.mobile, 'bodiless', '', { body: { N: '7' } });
    // This one is equivalent to an event LinkRequested. It proves that the others were read.
    await forge(pools.mobile, 'covered', asked('covered', { clientId: covered }));

    const ended = (await world.run({ userPoolId: MOBILE, clientId: real })).result();
    assert.equal(ended.results[0]!.outcome, 'LINKED');
    const { CognitoIdentityProviders: entries = [], ...settings } = await world.describe(
      pools.mobile,
    );
    const { CognitoIdentityProviders: foreign = [], ...settingsBefore } = before;
    assert.deepEqual(settings, settingsBefore);
    assert.deepEqual(entries.slice(0, foreign.length), foreign);
    const ours = entries.slice(foreign.length).map(({ ClientId }) => ClientId!);
    assert.deepEqual(ours.sort(), [covered, real].sort());
    assert.deepEqual(await ledger(pools.mobile), [covered, real].sort());
  });

  test('is checked with the client’s real name, if a link depends on it', async () => {
    const real = await world.createAppClient(WEB, 'web-real');
    const mail = await world.createAppClient(WEB, 'mail');
    const before = await clientsOf(pools.web);
    const forged = {
      plain: {},
      named: { clientName: 'web-mail' },
      listed: { listing: 1 },
      unlisted: { listing: 999 },
    };
    for (const [key, more] of Object.entries(forged)) {
      await forge(pools.web, key, asked(key, { userPoolId: WEB, clientId: mail, ...more }));
    }
    (await world.run({ userPoolId: WEB, clientId: real })).result();
    assert.deepEqual(await clientsOf(pools.web), [...before, real]);
  });

  test('does not block a real one, even in hundreds', async () => {
    for (let i = 0; i < 450; i++) {
      const userPoolId = `us-east-1_Flood${String(i).padStart(4, '0')}`;
      await forge(pools.mobile, `flood${i}`, asked(`flood${i}`, { userPoolId, clientId: 'evil' }));
    }
    const real = await world.createAppClient(MOBILE);
    const { results } = (await world.run({ userPoolId: MOBILE, clientId: real })).result();
    assert.equal(results[0]!.outcome, 'LINKED');
    assert.ok((await clientsOf(pools.mobile)).includes(real));
    assert.ok(!(await clientsOf(pools.mobile)).includes('evil'));
  });

  test('as an answer or the record of a write is not accepted as a write', async () => {
    const real = await world.createAppClient(MOBILE);
    const name = 'forged-answer';
    const execution = `${world.machineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    const digest = createHash('sha256').update(execution).digest('hex').slice(0, 32);
    const pool = await world.describe(pools.mobile);
    const provider = {
      ProviderName: `cognito-idp.us-east-1.amazonaws.com/${MOBILE}`,
      ClientId: real,
      ServerSideTokenCheck: false,
    };
    const intent = {
      operation: 'link',
      providerName: provider.ProviderName,
      clientId: real,
      serverSideTokenCheck: false,
    };
    const key = `${digest}-1`;
    const changes = [{ op: 'add', provider }];
    const shares = [{ key, execution, links: ['mobile'], intent, changes }];
    const record = { execution: SOMEONE, assumedRoleArn: 'arn', sequence: 1 };
    const shown = { before: pool, after: pool };
    await forge(pools.mobile, '', { write: 'forged', changes }, { sk: { S: `answer#${key}` } });
    await forge(pools.mobile, '', shares, { sk: { S: 'shares#forged' } });
    await forge(pools.mobile, '', { ...record, ...shown }, { sk: { S: 'write#forged' } });
    const { results } = (await world.run({ userPoolId: MOBILE, clientId: real }, name)).result();
    // The first round has the forged answer, and its verification does not accept it.
    assert.equal('attempts' in results[0]! && results[0].attempts, 2);
    assert.ok((await clientsOf(pools.mobile)).includes(real));
  });
});
