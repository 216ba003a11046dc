import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CognitoIdentityClient, CreateIdentityPoolCommand } from '@aws-sdk/client-cognito-identity';
import { type LocalAws, startAws } from 'embedded-aws';
import { readManifest } from './manifest.ts';
import { main } from './program.ts';

describe('a run against two accounts', () => {
  let aws: LocalAws;
  let folder: string;
  let state: string;

  before(async () => {
    aws = await startAws({ trailDelay: [10, 30] });
    folder = mkdtempSync(join(tmpdir(), 'poolbridge-contract-'));
    const profile = (name: string, account: string) =>
      `[profile ${name}]\naws_access_key_id = ${account}\naws_secret_access_key = any\n`;
    const config = join(folder, 'config');
    writeFileSync(config, profile('a', '111111111111') + profile('b', '222222222222'));
    process.env['AWS_CONFIG_FILE'] = config;
    process.env['AWS_ENDPOINT_URL'] = aws.endpoint;
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    delete process.env['AWS_ACCESS_KEY_ID'];
  });
  after(async () => {
    await aws.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    state = mkdtempSync(join(folder, 'state-'));
  });

  const accounts = ['--aws', '--profile-a', 'a', '--profile-b', 'b'];

  /** Runs the suite in this process, as a person who answers the question. */
  async function run(args: string[], answer?: string) {
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const interruptible = () => new AbortController().signal;
    const ask = async (question: string) => {
      say(question);
      return answer ?? '';
    };
    const terminal = { say, warn: say, interruptible };
    const code = await main(
      ['--folder', state, ...args],
      answer === undefined ? terminal : { ...terminal, ask },
    );
    return { code, said: said.join('\n') };
  }

  const manifests = () => readdirSync(state).filter((name) => name.endsWith('.jsonl'));

  /** The number of things of a run, in its manifest and in AWS. */
  const there = () => {
    const { roles } = aws.aws.iam;
    const [file] = manifests();
    return {
      recorded: file === undefined ? 0 : readManifest(join(state, file)).left.length,
      existing: aws.aws.identityPools.stored.size + aws.aws.userPools.pools.size + roles.size,
    };
  };
  const NOTHING = { recorded: 0, existing: 0 };

  /** Starts a run in a separate process, and sends it a signal once it has made something. */
  async function stopped(signal: NodeJS.Signals): Promise<number | null> {
    const only = 'omitted-members,linked-login,new-link';
    const child = spawn(
      process.execPath,
      ['test/contract/run.ts', '--folder', state, ...accounts, '--yes', '--only', only],
      { stdio: 'ignore' },
    );
    const ended = once(child, 'close');
    while (child.exitCode === null && there().existing < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill(signal);
    const [code] = await ended;
    return code;
  }

  test('says what it makes and what that costs, and ends with a table and a report', async () => {
    const { code, said } = await run([...accounts, '--only', 'names,tags'], 'y');
    assert.equal(code, 0, said);
    assert.match(said, /Account-A 111111111111 in us-east-1 \(profile a\): at most 4 user pools/);
    assert.match(said, /It costs nothing, or a few cents/);
    assert.match(said, /Start\? \(y\/N\)/);
    assert.match(said, /same +names: another name +accepted +accepted +[0-9a-f-]{36}\n/);
    assert.match(said, /7 same, 0 different, 0 not tried, 0 failed\./);
    assert.equal(readdirSync(state).filter((name) => name.startsWith('report-')).length, 1);
    assert.deepEqual(there(), NOTHING);
  });

  test('makes nothing without an answer', async () => {
    const declined = await run(accounts, '');
    assert.equal(declined.code, 0);
    const unasked = await run(accounts);
    assert.equal(unasked.code, 2);
    assert.match(
      unasked.said,
      /There is no terminal for the question\. Give --yes to start without it\./,
    );
    assert.deepEqual(readdirSync(state), []);
    assert.deepEqual(there(), NOTHING);
  });

  test('lists the probes if a requested one does not exist', async () => {
    const { code, said } = await run(['--only', 'nosuch']);
    assert.equal(code, 2);
    assert.match(said, /There is no probe nosuch\. The probes are omitted-members, /);
  });

  test('says which profile has no credentials', async () => {
    const { code, said } = await run(['--aws', '--profile-a', 'nosuch', '--yes']);
    assert.equal(code, 2);
    assert.match(
      said,
      /^AWS can not be called with the profile nosuch: .* Sign in, or name another profile\.$/,
    );
  });

  test('that is interrupted removes what it has made', async () => {
    assert.equal(await stopped('SIGINT'), 130);
    assert.deepEqual(there(), NOTHING);
    assert.deepEqual(manifests(), []);
  });

  test('that is killed leaves a manifest, from which --clean removes what is left', async () => {
    assert.equal(await stopped('SIGKILL'), null);
    const { existing, recorded } = there();
    assert.ok(existing >= 2 && recorded >= existing, `${existing} exist, ${recorded} recorded`);
    const { code, said } = await run(['--clean']);
    assert.equal(code, 0, said);
    assert.equal(said, `Removed what earlier runs left: ${recorded} of ${recorded}.`);
    assert.deepEqual(there(), NOTHING);
    assert.deepEqual(manifests(), []);
  });

  /** Writes the manifest of a process that has ended, with an incomplete last line. */
  function abandon(name: string, account: string): void {
    const thing = { kind: 'identity pool', name, account, region: 'us-east-1', profile: 'b' };
    const begun = JSON.stringify({ event: 'begun', process: 2 ** 30 });
    const making = JSON.stringify({ event: 'making', ...thing });
    writeFileSync(join(state, 'abandoned.jsonl'), `${begun}\n${making}\n{"event":"ma`);
  }

  test('removes first what an earlier run left, even if AWS had not answered yet', async () => {
    const credentials = { accessKeyId: '222222222222', secretAccessKey: 'any' };
    await new CognitoIdentityClient({ region: 'us-east-1', credentials }).send(
      new CreateIdentityPoolCommand({
        IdentityPoolName: 'left-behind',
        AllowUnauthenticatedIdentities: false,
      }),
    );
    abandon('left-behind', '222222222222');
    const { code, said } = await run([...accounts, '--yes', '--only', 'missing-pool']);
    assert.equal(code, 0, said);
    assert.match(said, /First it removes what earlier runs left: 1\./);
    assert.deepEqual(there(), NOTHING);
    assert.deepEqual(manifests(), []);
  });

  test('keeps in the manifest what it can not remove, and says what to do', async () => {
    abandon('elsewhere', '333333333333');
    const { code, said } = await run(['--clean']);
    assert.equal(code, 1);
    assert.match(said, /Not removed: the identity pool elsewhere in 333333333333, us-east-1\./);
    assert.match(
      said,
      /The profile b is for the account 222222222222\. Use credentials of 333333333333/,
    );
    assert.equal(there().recorded, 1);
  });
});
