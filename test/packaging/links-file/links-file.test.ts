import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { LinksFileError, loadLinks, parseLinks } from '../../../packaging/links-file/links-file.ts';
import { good, refused, unremarkable, warned } from './links-file-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'poolbridge-links-'));
after(() => rmSync(folder, { recursive: true }));

const fileOf = (text: string): string => {
  const file = join(folder, 'links.yml');
  writeFileSync(file, text);
  return file;
};

const spelledOut = (said: string): string => said.replace('~', 'links.mobile-apps');

/** The line and text of each problem. */
function problems(text: string): string[] {
  try {
    loadLinks(fileOf(text));
  } catch (error) {
    assert.ok(error instanceof LinksFileError, String(error));
    const lines = error.message.split('\n');
    assert.equal(lines.pop(), 'Nothing was packaged.');
    return lines.map((line) => line.replace(/^.*links\.yml:/, ''));
  }
  return [];
}

describe('links.yml', () => {
  test('is read with all defaults filled in', () => {
    assert.deepEqual(loadLinks(fileOf(good)), {
      'mobile-apps': {
        userPools: ['us-east-1_EXAMPLE12'],
        clients: ['*'],
        identityPool: 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab',
        roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
        serverSideTokenCheck: false,
        providerQuota: 50,
        onDelete: 'keep',
      },
    });
  });

  test('may share a role among a thousand links through an anchor', () => {
    const [, ...link] = good.replace('arn:', '&role arn:').split('\n');
    const others = Array.from({ length: 1000 }, (_, i) =>
      link
        .join('\n')
        .replace('mobile-apps', `link-${i}`)
        .replace(/&role.*/, '*role'),
    );
    const links = loadLinks(fileOf(good.replace('arn:', '&role arn:') + others.join('')));
    assert.equal(Object.keys(links).length, 1001);
    assert.equal(new Set(Object.values(links).map(({ roleArn }) => roleArn)).size, 1);
  });

  test('may hold no links yet', () => {
    assert.deepEqual(loadLinks(fileOf('links: {}\n')), {});
  });

  test('that does not exist is refused with its name and what to do', () => {
    assert.throws(
      () => loadLinks(join(folder, 'none.yml')),
      /none\.yml can't be read .*--param="links=PATH"/,
    );
  });

  const clients = (...globs: string[]) => `${good}    clients: [${globs.join(', ')}]\n`;

  test('may exclude app clients from a link by name', () => {
    const { 'mobile-apps': link } = loadLinks(fileOf(clients('"*"', '"!Amazon*-?"', '"Amazon.a"')));
    assert.deepEqual(link?.clients, ['*', '!Amazon*-?', 'Amazon.a']);
  });

  for (const [what, text, expected] of refused) {
    test(`with ${what} is refused by line and key`, () => {
      assert.deepEqual(problems(text), expected.map(spelledOut));
    });
  }

  for (const [what, text, expected] of warned) {
    test(`with ${what} is accepted with a warning`, () => {
      const { links, warnings } = parseLinks(text, 'links.yml');
      assert.ok(Object.keys(links).length > 0);
      assert.deepEqual(
        warnings,
        expected.map((each) => `links.yml:${spelledOut(each)}`),
      );
    });
  }

  for (const [what, text] of unremarkable) {
    test(`with ${what} is accepted without a warning`, () => {
      assert.deepEqual(parseLinks(text, 'links.yml').warnings, []);
    });
  }

  test('of 200 KB and with 200 roles is accepted without a warning', () => {
    const [, ...link] = good.split('\n');
    const all = Array.from({ length: 1150 }, (_, i) =>
      link
        .join('\n')
        .replace('mobile-apps', `link-${i}`)
        .replace('EXAMPLE12', `EXAMPLE${i}`)
        .replace('1234567890ab', `${1_000_000_00000 + (i % 200)}`)
        .replace('poolbridge-link', `poolbridge-link-${i % 200}`),
    );
    const text = `links:\n${all.join('')}`;
    assert.ok(text.length > 200_000, `${text.length}`);
    const { links, warnings } = parseLinks(text, 'links.yml');
    assert.equal(new Set(Object.values(links).map(({ roleArn }) => roleArn)).size, 200);
    assert.deepEqual(warnings, []);
  });

  test('may be for any partition, including the European Sovereign Cloud and the isolated ones', () => {
    for (const [userPool, identityPool, partition] of [
      ['eusc-de-east-1_AbCdEf123', 'eusc-de-east-1', 'aws-eusc'],
      ['us-iso-east-1_AbCdEf123', 'us-iso-west-1', 'aws-iso'],
      ['us-isof-south-1_AbCdEf123', 'us-isof-east-1', 'aws-iso-f'],
      ['us-gov-west-1_AbCdEf123', 'us-gov-east-1', 'aws-us-gov'],
    ] as const) {
      const text = good
        .replace('us-east-1_EXAMPLE12', userPool)
        .replace('ap-south-1:', `${identityPool}:`)
        .replace('arn:aws:', `arn:${partition}:`);
      assert.deepEqual(problems(text), [], partition);
    }
  });
});
