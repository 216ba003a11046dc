import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { linkChanges } from '../../../core/links/difference.ts';
import { linkOf } from '../link-of.ts';

describe('two versions of links.yml', () => {
  test('differ by links, and by the keys of those that both have', () => {
    const before = { kept: linkOf(), gone: linkOf(), wider: linkOf({ externalId: 'x' }) };
    const after = { wider: linkOf({ clients: ['app-*'] }), made: linkOf(), kept: linkOf() };
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
    const [a, b] = [linkOf(), linkOf({ onDelete: 'unlink' })];
    assert.deepEqual(linkChanges({ a, b }, { b, a }), []);
  });
});
