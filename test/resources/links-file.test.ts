import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { LinksFileError, loadLinks } from '../../resources/links-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'poolbridge-links-'));
after(() => rmSync(folder, { recursive: true }));

const fileOf = (text: string): string => {
  const file = join(folder, 'links.yml');
  writeFileSync(file, text);
  return file;
};

const good = `links:
  mobile-apps:
    userPools: [us-east-1_EXAMPLE12]
    identityPool: ap-south-1:12345678-abcd-abcd-abcd-1234567890ab
    roleArn: arn:aws:iam::222222222222:role/poolbridge-link
`;

/** The line numbers and texts of what is wrong. */
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
  test('is read with every default filled in', () => {
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

  test('may share a role among a thousand links by an anchor', () => {
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

  test('that is not there is named, with what to do', () => {
    assert.throws(
      () => loadLinks(join(folder, 'none.yml')),
      /none\.yml can't be read .*--param="links=PATH"/,
    );
  });

  const clients = (...globs: string[]) => `${good}    clients: [${globs.join(', ')}]\n`;

  test('may exclude clients by name from those that a link covers', () => {
    const { 'mobile-apps': link } = loadLinks(fileOf(clients('"*"', '"!Amazon*-?"', '"Amazon.a"')));
    assert.deepEqual(link?.clients, ['*', '!Amazon*-?', 'Amazon.a']);
  });

  const bad: [string, string, RegExp[]][] = [
    [
      'globs that match the name of no app client',
      clients('"*"', '"web-{a,b}"', '"[ab]"', '"!"', '"!!a"', '""', `"${'a'.repeat(129)}"`),
      [
        /^6: links\.mobile-apps\.clients\.1 is "web-\{a,b\}", which can't match the name of any app client: .*excludes$/,
        ...[2, 3, 4, 5, 6].map((i) => new RegExp(`^6: links\\.mobile-apps\\.clients\\.${i} is `)),
      ],
    ],
    [
      'clients that are excluded from nothing',
      clients('"!a"', '"!b"', '"*"', '"!c"'),
      [
        /^6: links\.mobile-apps\.clients\.0 is "!a", which excludes nothing, .*begin with .*"\*"$/,
        /^6: links\.mobile-apps\.clients\.1 is "!b"/,
      ],
    ],
    [
      'clients that are excluded without quotes, which YAML reads as a tag',
      clients('"*"', '!Amazon-*'),
      [/^6: !Amazon-\* begins with !, which YAML reads as a tag: put it in quotes$/],
    ],
    [
      'an unknown key',
      `${good}    identitypool: x\n`,
      [
        /^6: links\.mobile-apps\.identitypool is not a key that Poolbridge knows; known are userPools, /,
      ],
    ],
    ['an unknown key beside links', `${good}more: 1\n`, [/^6: more is not a key/]],
    [
      'a malformed user pool',
      good.replace('us-east-1_EXAMPLE12', 'EXAMPLE12'),
      [/^3: links\.mobile-apps\.userPools\.0 is "EXAMPLE12", which does not match/],
    ],
    [
      'a malformed identity pool',
      good.replace('ap-south-1:', ''),
      [/^4: links\.mobile-apps\.identityPool is .*does not match/],
    ],
    [
      'a user pool and an identity pool of Regions of no partition',
      good.replace('us-east-1_', 'mars-east-1_').replace('ap-south-1:', 'ap-south:'),
      [
        /^4: links\.mobile-apps\.identityPool can not be reached: no AWS partition .* has the Region ap-south: correct the id, or/,
        /^3: links\.mobile-apps\.userPools\.0 can not be reached: .* has the Region mars-east-1:/,
      ],
    ],
    [
      'a role of a partition that does not exist',
      good.replace('arn:aws:', 'arn:aws-mars:'),
      [
        /^5: links\.mobile-apps\.roleArn is of the partition aws-mars, which Poolbridge does not know/,
      ],
    ],
    [
      'a role and a user pool of other partitions than the identity pool',
      good.replace('us-east-1_', 'cn-north-1_').replace('arn:aws:', 'arn:aws-eusc:'),
      [
        /^3: .*userPools\.0 is of the partition aws-cn, but the identity pool is of aws: AWS lets no role/,
        /^5: .*roleArn is of the partition aws-eusc, but the identity pool is of aws/,
      ],
    ],
    [
      'a role that is no ARN',
      good.replace('arn:aws:iam::222222222222:role/', ''),
      [/^5: links\.mobile-apps\.roleArn is "poolbridge-link"/],
    ],
    [
      'a role with a wildcard',
      good.replace('poolbridge-link', '*'),
      [/^5: links\.mobile-apps\.roleArn/],
    ],
    [
      'a role mapping that is none',
      `${good}    roleMapping: tokens\n`,
      [/^6: links\.mobile-apps\.roleMapping must be one of default, token, but is "tokens"$/],
    ],
    [
      'a rule that lacks its role and has a match of another kind',
      `${good}    roleMapping:\n      rules:\n        - { claim: c, match: like, value: v }\n`,
      [
        /^8: links\.mobile-apps\.roleMapping\.rules\.0 lacks role$/,
        /^8: .*rules\.0\.match must be one of equals, contains, startsWith, notEqual, but is "like"$/,
      ],
    ],
    [
      'more rules than AWS allows',
      `${good}    roleMapping:\n      rules:\n${'        - { claim: c, match: equals, value: v, role: "arn:aws:iam::222222222222:role/r" }\n'.repeat(26)}`,
      [/^7: links\.mobile-apps\.roleMapping\.rules must NOT have more than 25 items/],
    ],
    [
      'an ambiguity of no role mapping',
      `${good}    ambiguous: deny\n`,
      [/^6: links\.mobile-apps\.ambiguous goes with roleMapping alone$/],
    ],
    [
      'principal tags that are none',
      `${good}    principalTags: {}\n`,
      [/^6: links\.mobile-apps\.principalTags must NOT have fewer than 1 properties/],
    ],
    [
      'a missing key',
      good.replace(/ {4}roleArn.*\n/, ''),
      [/^2: links\.mobile-apps lacks roleArn/],
    ],
    [
      'no user pools',
      good.replace(/ {4}userPools.*\n/, ''),
      [/^2: links\.mobile-apps names no user pools: give userPools, userPoolTags or both/],
    ],
    [
      'a name that is not allowed',
      good.replace('mobile-apps', 'Mobile_Apps'),
      [/^2: links\.Mobile_Apps is "Mobile_Apps", which does not match/],
    ],
    [
      'a name that is too long',
      good.replace('mobile-apps', 'a'.repeat(41)),
      [/^2: links\.a{41} is/],
    ],
    [
      'a flag that is a text',
      `${good}    serverSideTokenCheck: "yes"\n`,
      [/^6: links\.mobile-apps\.serverSideTokenCheck must be boolean, but is "yes"/],
    ],
    [
      'a quota beyond what AWS allows',
      `${good}    providerQuota: 1001\n`,
      [/^6: links\.mobile-apps\.providerQuota must be <= 1000, but is 1001/],
    ],
    [
      'a time to wait for an approval that is not asked for',
      `${good}    approvalTimeoutHours: 2\n`,
      [/^6: links\.mobile-apps\.approvalTimeoutHours goes with approval alone$/],
    ],
    [
      'an approval that is neither, for longer than a week',
      `${good}    approval: maybe\n    approvalTimeoutHours: 169\n`,
      [/^6: .*approval must be one of required/, /^7: .*approvalTimeoutHours must be <= 168/],
    ],
    [
      'an onDelete that is neither',
      `${good}    onDelete: remove\n`,
      [/^6: links\.mobile-apps\.onDelete must be one of unlink, keep, but is "remove"$/],
    ],
    [
      'the same name twice',
      `${good}${good.split('\n').slice(1).join('\n')}`,
      [/^6: Map keys must be unique/],
    ],
    [
      'a tag that osls would replace',
      `${good}    userPoolTags: { team: "\${sls:stage}" }\n`,
      [/^6: links\.mobile-apps\.userPoolTags\.team is "\$\{sls:stage\}", and \$\{ stands for/],
    ],
    [
      'a tag key that osls would replace',
      `${good}    userPoolTags: { "\${sls:stage}": team }\n`,
      [
        /^6: links\.mobile-apps\.userPoolTags\.\$\{sls:stage\} is "\$\{sls:stage\}", and \$\{ stands/,
      ],
    ],
    ['an alias of nothing', `${good}    clients: *nope\n`, [/^6: Unresolved alias .*nope$/]],
    ['a merge of nothing', `${good}    <<: *nope\n`, [/^6: Merge sources must be maps/]],
    [
      'far too many aliases',
      `x: &a [1]\ny: &b [${'*a, '.repeat(99)}*a]\nz: [${'*b, '.repeat(99)}*b]\n${good}`,
      [/^2: Excessive alias count/],
    ],
    [
      'an alias of what holds it',
      `${good}    clients: &a [*a]\n`,
      [/^6: An alias stands for something/],
    ],
    ['a merge of what is no map', `${good}    <<: 3\n`, [/^6: Merge sources must be maps/]],
    ['broken YAML', 'links: [\n', [/^2: /]],
    ['an alias of nothing', 'links: *a\n', [/^1: Unresolved alias/]],
    [
      'aliases that multiply themselves',
      `a: &a [x, x]\nb: &b [${'*a, '.repeat(200)}]\nc: &c [${'*b, '.repeat(200)}]\nlinks: *c\n`,
      [/^2: Excessive alias count/],
    ],
    [
      'brackets deeper than any stack',
      `links: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
      [/^1: it is nested too deeply$/],
    ],
    [
      'a key that would break the line',
      'links: {}\n"a\\nb\\u202e": 1\n',
      [/^2: a\\u\{a\}b\\u\{202e\} is not a key/],
    ],
    ['nothing', '', [/^1: the file lacks links/]],
    ['a list', '- a\n', [/^1: the file must be object/]],
    [
      'several mistakes',
      good.replace('EXAMPLE12', '').replace('222222222222', '2'),
      [/^3: /, /^5: /],
    ],
  ];
  for (const [what, text, expected] of bad) {
    test(`with ${what} is refused by line and key`, () => {
      const found = problems(text);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [i, pattern] of expected.entries()) assert.match(found[i]!, pattern);
    });
  }

  test('may be of any partition, the European Sovereign Cloud and the isolated ones too', () => {
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

  test('whose links disagree about one identity pool is refused at the key', () => {
    const second = good
      .split('\n')
      .slice(1)
      .join('\n')
      .replace('mobile-apps', 'web')
      .replace('role/poolbridge-link', 'role/other');
    assert.deepEqual(problems(good + second), [
      '9: links.web.roleArn must be the same as in links.mobile-apps: both lead to one identity pool',
    ]);
  });
});
