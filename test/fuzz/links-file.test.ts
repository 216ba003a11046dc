import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Links } from '../../core/links/links.ts';
import { LinksFileError, parseLinks } from '../../packaging/links-file/links-file.ts';
import { spoiled, torn } from './garbage.ts';

/** The links of a file; undefined if it is refused. Checks that each line of the error names a line and key. */
function read(content: string | Uint8Array): Links | undefined {
  const text = Buffer.from(content).toString();
  try {
    const { links, warnings } = parseLinks(text, 'links.yml');
    for (const warning of warnings) {
      assert.match(warning, /^links\.yml:\d+: links\.[^\p{C}\p{Zl}\p{Zp}]+$/u);
    }
    return links;
  } catch (error) {
    assert.ok(error instanceof LinksFileError, `${error}\n${(error as Error).stack}`);
    const lines = error.message.split('\n');
    assert.equal(lines.pop(), 'Nothing was packaged.');
    assert.ok(lines.length > 0);
    const count = text.split(/\r\n|\r|\n/).length;
    for (const line of lines) {
      const [, number] = /links\.yml:(\d+): .{3,}$/.exec(line) ?? [];
      assert.ok(number !== undefined, `no line and key in ${JSON.stringify(line.slice(0, 300))}`);
      assert.ok(Number(number) >= 1 && Number(number) <= count, `line ${number} of ${count}`);
    }
    assert.ok(error.message.length < 20_000, `${error.message.length} characters`);
    return undefined;
  }
}

/** Checks that each link holds only what the schema allows. */
function areSound(links: Links): void {
  for (const [name, link] of Object.entries(links)) {
    assert.match(name, /^[a-z0-9-]{1,40}$/);
    assert.match(link.roleArn, /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/);
    assert.match(link.identityPool, /^[\w-]+-\d+:[0-9a-f-]+$/);
    assert.ok(link.userPools || link.userPoolTags);
    assert.ok(link.clients.every((glob) => typeof glob === 'string' && glob !== ''));
    assert.ok(Number.isInteger(link.providerQuota) && link.providerQuota <= 1000);
    assert.equal(typeof link.serverSideTokenCheck, 'boolean');
    assert.equal(Object.getPrototypeOf(link), Object.prototype);
  }
}

const UUID = '12345678-abcd-abcd-abcd-1234567890ab';

const link = fc.record(
  {
    userPools: fc.constant(['us-east-1_EXAMPLE12', 'eu-west-1_EXAMPLE34']),
    userPoolTags: fc.constantFrom({ team: 'mobile' }, { 'a*\u202e': 'b\u2028?\n' }),
    clients: fc.constantFrom(['web-*', '?'], [' a\u2028']),
    identityPool: fc.constantFrom(`ap-south-1:${UUID}`, `eu-west-1:${UUID}`),
    roleArn: fc.constant('arn:aws:iam::222222222222:role/path/poolbridge-link'),
    externalId: fc.constant('pairing'),
    serverSideTokenCheck: fc.boolean(),
    providerQuota: fc.constant(50),
    onDelete: fc.constantFrom('unlink', 'keep'),
    onRemoved: fc.constantFrom('tell', 'restore'),
  },
  { requiredKeys: ['identityPool', 'roleArn', 'userPools'] },
);

const files = fc.record({
  links: fc.dictionary(fc.constantFrom('mobile-apps', 'web', 'a'), link, {
    minKeys: 1,
    maxKeys: 2,
  }),
});

const texts = files.map((content) => stringify(content));

const yaml = fc.constantFrom(
  ...[
    '&a ',
    '*a',
    '<<: *a\n',
    '\t',
    '\ufeff',
    '? ',
    '- ',
    '| ',
    '>-\n',
    '!!js/function ',
    '!!set ',
  ],
  ...[
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '# ',
    '"',
    "'",
    '{',
    '}',
    '[',
    ']',
    ',',
    ': ',
    '~',
    '\r',
    '\0',
  ],
  ...[
    '!!binary ',
    '!!map ',
    '!<x> ',
    '__proto__: ',
    'constructor: {a: 1}\n',
    '? [a]\n: b\n',
    '\u2028',
  ],
  ...['0x10', '1e999', '.nan', '2026-01-01', '!!int ', '&', '*', '@', '`', '\x85', '<<: 7\n'],
);

/** A file with YAML syntax inserted at random places. */
const slipped = fc
  .tuple(texts, fc.array(fc.tuple(yaml, fc.nat()), { minLength: 1, maxLength: 2 }))
  .map(([text, slips]) =>
    slips.reduce((all, [what, n]) => {
      const at = n % (all.length + 1);
      return all.slice(0, at) + what + all.slice(at);
    }, text),
  );

describe('any links.yml is read, or refused with file, line and key', () => {
  test('with mistakes anywhere in its links', () => {
    let good = 0;
    fc.assert(
      fc.property(spoiled(files), (json) => {
        const links = read(json.replaceAll(',"', ',\n"'));
        if (!links) return;
        good++;
        areSound(links);
      }),
      { numRuns: 4000 },
    );
    assert.ok(good > 200, `only ${good} were read`);
  });

  test('with YAML syntax inserted anywhere', () => {
    let good = 0;
    fc.assert(
      fc.property(slipped, (text) => {
        const links = read(text);
        if (!links) return;
        good++;
        areSound(links);
      }),
      { numRuns: 5000 },
    );
    assert.ok(good > 50, `only ${good} were read`);
  });

  test('cut, or not text at all', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.oneof(torn(texts), bytes), (content) => {
        const links = read(content);
        if (links) areSound(links);
      }),
      { numRuns: 3000 },
    );
  });
});
