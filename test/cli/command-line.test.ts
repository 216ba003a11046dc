import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ACCOUNT_B, HOME, pools, startWorld, type World } from '../world.ts';
import { poolbridge } from './command.ts';
import { operatorOf, subject } from './operator.ts';

const MOBILE = 'us-east-1_Mobile001';

describe('an operator who mistypes, or can not reach the deployment', () => {
  let world: World;
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-test-'));
  before(async () => {
    world = await startWorld({ trail: false });
    await world.createUserPool(MOBILE);
    await world.createIdentityPool(pools.mobile);
  });
  after(() => {
    rmSync(folder, { recursive: true });
    return world.close();
  });

  const { say, json } = operatorOf(() => world);

  test('reads in one line what to check when the deployment can not be reached', async () => {
    const noCredentials = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const nowhere = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    const server = createServer((_, response) => response.end('<html><meta><head></head></html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    after(() => server.close());
    const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const cases: [Record<string, string | undefined>, string[], RegExp][] = [
      [
        {},
        ['--stage', 'nope'],
        /^StateMachineDoesNotExist: .*-nope-link.*\. Check that Poolbridge/,
      ],
      [{ AWS_ACCESS_KEY_ID: ACCOUNT_B }, [], /^StateMachineDoesNotExist: .*222222222222.*\. Check/],
      [noCredentials, [], /^CredentialsProviderError: .*\. Sign in, or set AWS_PROFILE/],
      [{ AWS_ENDPOINT_URL: 'foo' }, [], /^TypeError: Invalid URL\. The endpoint .* must be a URL/],
      [nowhere, [], /^Error: connect ECONNREFUSED 127\.0\.0\.1:1\. AWS does not answer\. /],
      [
        { AWS_ENDPOINT_URL: world.local.endpoint.replace('http:', 'https:') },
        [],
        /^Error: write EPROTO .* The endpoint does not speak TLS: /,
      ],
      [{ AWS_ENDPOINT_URL: page }, [], /^Error: .* What answers is not AWS\. Check the endpoint /],
      [{ AWS_REGION: undefined }, [], /^Error: Region is missing\. Name the Region .* --region/],
    ];
    for (const [changed, args, expected] of cases) {
      const all = ['link', ...subject('any'), ...args];
      const { code, out, err } = await poolbridge(world, all, undefined, changed);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err.trimEnd(), expected);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    }
    // The next command works as it stands: in the same place, started in the same way.
    const shared = ['--region', 'us-east-1', '--endpoint', world.local.endpoint];
    const viaNpx = { npm_command: 'exec' };
    const unfound = await poolbridge(world, ['show', 'nope', ...shared], undefined, viaNpx);
    const listed = ['npx', 'poolbridge', 'history', ...shared].join(' ');
    assert.ok(unfound.err.includes(` To list them: ${listed}\n`), unfound.err);
    assert.match(unfound.err, /\nFor help: npx poolbridge show --help\n$/);
    const elsewhere = { AWS_REGION: undefined, AWS_DEFAULT_REGION: HOME.region };
    const found = await poolbridge(world, ['history'], undefined, elsewhere);
    assert.equal(found.code, 0, found.err);
  });

  test('sees what is wrong with a command line and where to find help, with exit code 2', async () => {
    const empty = join(folder, 'empty.yml');
    writeFileSync(empty, 'links: {}\n');
    const wrong: [string[], RegExp][] = [
      [[], /A command is missing\./],
      [['lnk'], /unknown command 'lnk'\n\(Did you mean link\?\)/],
      [['link'], /required option '--user-pool <id>' not specified/],
      [['link', '--user-pool', MOBILE], /--client is missing/],
      [['link', ...subject('any'), '--reasn'], /unknown option '--reasn'/],
      [['unlink', ...subject('any'), '--all-clients'], /'--all-clients' cannot be used with/],
      [['plan', '--client', 'any'], /--user-pool is missing/],
      [['plan', '--link', 'mobile', '--user-pool', MOBILE], /cannot be used with/],
      [
        ['link', '--user-pool', 'x', '--client', 'any'],
        /^--user-pool must be an id like "us-east-1_AbCdEfGhI", not "x"\./,
      ],
      [
        ['link', '--user-pool', 'xx-east-1_Abc', '--client', 'any'],
        /^--user-pool is "xx-east-1_Abc", and /,
      ],
      [['unlink', ...subject('a b')], /^--client must be an id like .*, not "a b"\./],
      [
        ['plan', ...subject('any'), '--identity-pool', 'x'],
        /^--identity-pool must be an id like "ap-south-1:/,
      ],
      [['audit', '--identity-pool', 'x'], /^--identity-pool must be an id/],
      [['lease', '--identity-pool', pools.mobile, '--force'], /^--force needs --release$/m],
      [['approve', 'any', '--show', '--deny'], /'--show' cannot be used with option '--deny'/],
      [['entries', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [['check', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [['replay', ...subject('any'), '--client', '!'], /^--client must be an id like .*, not "!"/],
      [
        ['link', ...subject('any'), '--reason', 'x'.repeat(1001)],
        /^--reason is longer than 1000 characters/,
      ],
      [
        ['unlink', ...subject('any'), '--left-behind'],
        /^--left-behind needs --client and --identity-pool/,
      ],
      [['status', '--link', 'No_Link'], /^--link must be the name of a link: /],
      [
        ['status', '--link', 'moblie', '--links', 'test/links.yml'],
        /^test\/links\.yml has no link moblie\. It has mobile, /,
      ],
      [
        ['status', '--link', 'mobile', '--links', empty],
        /^\S+empty\.yml has no link mobile\. It has no links\.\n?/,
      ],
      ...['plan', 'status', 'entries', 'why'].map((name): [string[], RegExp] => [
        [name, ...(name === 'why' ? subject('any') : []), '--links', 'none.yml'],
        /^--links: none\.yml can't be read \(ENOENT.*\)\.\nCreate it, or name another file\.\n?/,
      ]),
      [['status', '--watch', '9999999'], /^--watch must be a number of seconds, from 10 to 86400,/],
      ...['foo', 'localhost:4566', ''].map((endpoint): [string[], RegExp] => [
        ['history', '--endpoint', endpoint],
        /^--endpoint must be a URL like http:\/\/localhost:4566, not "/,
      ]),
      ...[['link', ...subject('any')], ['pause'], ['approve', 'any']].map(
        (args): [string[], RegExp] => [
          [...args, '--reason', '…'],
          /^--reason is still the placeholder\. Write the reason in its place\./,
        ],
      ),
      ...[['pause'], ['approve', 'any']].map((args): [string[], RegExp] => [
        [...args, '--reason', ' '],
        /^--reason is missing/,
      ]),
      [['pause', '--reason', 'x'.repeat(201)], /^--reason is longer than 200 characters/],
      [
        ['plan', ...subject('any'), '--links', 'test/links.yml'],
        /--links does not go with --user-pool\. Leave it out, or deploy the file first\./,
      ],
      [['history', '--limit', 'many'], /--limit must be a number from 1 to 1000, not many/],
      [['history', '--status', 'x'], /Allowed choices are RUNNING/],
      [['show'], /Name one execution, or add --last\./],
      [['show', 'any', '--last'], /Name one execution, or add --last\./],
      [['show', 'a b'], /"a b" can not be the name of an execution\./],
      [['undo', 'arn:aws:states:x'], /is not the ARN of an execution, like arn:aws:states:/],
    ];
    const started = world.local.aws.stateMachines.executions.size;
    for (const [args, expected] of wrong) {
      const { code, out, err } = await say(...args);
      assert.deepEqual([code, out], [2, ''], args.join(' '));
      assert.match(err, expected);
      assert.match(err, /For help: poolbridge .*--help\n$/);
      const asked = await json(...args);
      assert.deepEqual([asked.code, asked.answer.error], [2, 'UsageError']);
      assert.match(asked.answer.message, expected);
    }
    assert.equal(world.local.aws.stateMachines.executions.size, started, 'nothing was started');
  });
});
