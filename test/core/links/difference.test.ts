import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isReordered, linkChanges } from '../../../core/links/difference.ts';
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

  test('have the same links in any order, and say if those that both have are in another one', () => {
    const [a, b, c] = [linkOf(), linkOf({ onDelete: 'unlink' }), linkOf()];
    assert.deepEqual(linkChanges({ a, b }, { b, a }), []);
    assert.equal(isReordered({ a, b }, { b, a }), true);
    assert.equal(isReordered({ a, b }, { a, b }), false);
    assert.equal(isReordered({ a, b }, { c, b }), false, 'one removed, one added before it');
    assert.equal(isReordered({ a, b, c }, { c, a }), true);
  });
});
