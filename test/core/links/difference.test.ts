import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkChanges } from '../../../core/links/difference.ts';
import type { Link } from '../../../core/links/links.ts';

const link = (more: Partial<Link> = {}): Link => ({
  userPools: ['us-east-1_A'],
  clients: ['*'],
  identityPool: 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab',
  roleArn: 'arn:aws:iam::222222222222:role/poolbridge-link',
  serverSideTokenCheck: false,
  providerQuota: 50,
  onDelete: 'keep',
  ...more,
});

describe('two versions of links.yml', () => {
  test('differ by links, and by the keys of those that both have', () => {
    const before = { kept: link(), gone: link(), wider: link({ externalId: 'x' }) };
    const after = { wider: link({ clients: ['app-*'] }), made: link(), kept: link() };
    assert.deepEqual(linkChanges(before, after), [
      { op: 'remove', link: 'gone' },
      { op: 'add', link: 'made' },
      {
        op: 'change',
        link: 'wider',
        keys: [
          { key: 'clients', before: ['*'], after: ['app-*'] },
          { key: 'externalId', before: 'x', after: undefined },
        ],
      },
    ]);
  });

  test('are the same in any order of the links', () => {
    const [a, b] = [link(), link({ onDelete: 'unlink' })];
    assert.deepEqual(linkChanges({ a, b }, { b, a }), []);
  });
});
