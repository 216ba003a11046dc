import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { inParts, partOf } from '../../core/app-client.ts';

const ids = fc.stringMatching(/^[\w+]{1,40}$/);
const names = fc.stringMatching(/^[\w\s+=,.@-]{1,128}$/);
const lists = fc.uniqueArray(fc.record({ clientId: ids, clientName: names }), {
  selector: ({ clientId }) => clientId,
  maxLength: 300,
});

describe('a listing of app clients in parts', () => {
  test('holds every app client in the part that its id determines', () => {
    fc.assert(
      fc.property(lists, (clients) => {
        const parts = inParts(clients);
        for (const { clientId, clientName } of clients) {
          const part = parts[partOf(clientId, parts.length)]!;
          assert.ok(Object.hasOwn(part, clientId));
          assert.equal(part[clientId], clientName);
        }
        const count = parts.reduce((sum, part) => sum + Object.keys(part).length, 0);
        assert.equal(count, clients.length);
      }),
    );
  });

  test('has one part if there are no app clients', () => {
    assert.deepEqual(inParts([]), [{}]);
  });

  test('has parts far below the 400 KB of an item, even with the longest names', () => {
    const clients = Array.from({ length: 10_000 }, (_, i) => ({
      clientId: `${i}`.padStart(26, 'x'),
      clientName: `${i}`.padEnd(128, 'n'),
    }));
    const sizes = inParts(clients).map((part) => JSON.stringify(part).length);
    assert.ok(Math.max(...sizes) < 20_000, `${Math.max(...sizes)} bytes`);
    assert.ok(sizes.length < 250, `${sizes.length} parts`);
  });
});
