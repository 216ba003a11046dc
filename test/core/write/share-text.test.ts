import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { WrittenShare } from '../../../core/write/records.ts';
import { sharesOfText, textOfShares } from '../../../core/write/share-text.ts';

const key = fc.oneof(fc.constantFrom('links', 'principalTags', '__proto__', '0'), fc.string());
const texts = fc.array(fc.tuple(key, fc.string())).map(Object.fromEntries);
const tagMap = fc.record({ UseDefaults: fc.boolean(), PrincipalTags: texts });

const shareOf = (
  principalTags: { UseDefaults: boolean; PrincipalTags: Record<string, string> },
  i: number,
): WrittenShare => ({
  key: `key-${i}`,
  execution: 'arn',
  links: ['one', 'two'],
  intent: {
    operation: 'link',
    providerName: 'p',
    clientId: `${i}`,
    serverSideTokenCheck: false,
    principalTags,
  },
  changes: [{ op: 'tag', provider: { ProviderName: 'p' }, principalTags }],
});

/** Makes the text too long to be kept unchanged. */
const long = { UseDefaults: false, PrincipalTags: { team: 'x'.repeat(60_000) } };

describe('the shares of a write as text', () => {
  test('are read as they were kept, with any names of principal tags', () => {
    fc.assert(
      fc.property(fc.array(tagMap, { maxLength: 5 }), fc.boolean(), (maps, isLong) => {
        const all = isLong ? [...maps, long, long] : maps;
        const shares = all.map(shareOf);
        assert.deepEqual(sharesOfText(textOfShares(shares)), JSON.parse(JSON.stringify(shares)));
      }),
    );
  });

  test('hold repeated parts once: 1,200 with the longest tags are less than 1 MB', () => {
    const PrincipalTags = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [String(i).padStart(128, 'é'), '𝄞'.repeat(256)]),
    );
    const shares = Array.from({ length: 1200 }, (_, i) =>
      shareOf({ UseDefaults: false, PrincipalTags }, i),
    );
    assert.ok(Buffer.byteLength(textOfShares(shares)) < 1_000_000);
  });

  test('are undefined if the text is anything else', () => {
    for (const text of ['', '{}', '[1]', 'null', '{"repeated":[],"shares":[{"links":7}]}']) {
      assert.equal(sharesOfText(text), undefined);
    }
  });
});
