import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Page, pagesOf } from '../../../aws/pace/pages.ts';

/** A list with the given pages, whose tokens are the numbers of the pages. */
const listOf = (pages: string[][], tokenAfter = (page: number) => `${page + 1}`) => {
  const asked: (string | undefined)[] = [];
  const read = async (token: string | undefined): Promise<Page<string>> => {
    asked.push(token);
    const page = Number(token ?? 0);
    const next = page + 1 < pages.length ? tokenAfter(page) : undefined;
    return { items: pages[page] ?? [], next };
  };
  return { asked, read };
};

async function itemsOf(read: (token: string | undefined) => Promise<Page<string>>, empty?: number) {
  const items: string[] = [];
  for await (const page of pagesOf('ListThings', read, empty)) items.push(...page.items);
  return items;
}

describe('a list in pages', () => {
  test('is read to its end, even with short pages', async () => {
    const pages = fc.array(fc.array(fc.string(), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(pages, async (given) => {
        const { read, asked } = listOf(given);
        assert.deepEqual(await itemsOf(read, 1000), given.flat());
        assert.equal(asked.length, given.length);
      }),
    );
  });

  test('may have thousands of pages, and empty ones between', async () => {
    const pages = Array.from({ length: 3000 }, (_, i) => (i % 40 === 0 ? [`item${i}`] : []));
    assert.equal((await itemsOf(listOf(pages).read)).length, 75);
  });

  test('ends after an empty token', async () => {
    const { read, asked } = listOf([['a'], ['b']], () => '');
    assert.deepEqual(await itemsOf(read), ['a']);
    assert.equal(asked.length, 1);
  });

  test('whose token repeats ends with an error that says so', async () => {
    const { read, asked } = listOf([['a'], ['b'], ['c'], ['d']], (page) => ['1', '2', '1'][page]!);
    await assert.rejects(itemsOf(read), {
      name: 'AwsUnavailableError',
      message: /^ListThings returned the same token for the next page twice/,
    });
    assert.equal(asked.length, 3);
  });

  test('with fifty empty pages ends with an error that says so', async () => {
    const { read, asked } = listOf([['a'], ...Array.from({ length: 99 }, () => [])]);
    await assert.rejects(itemsOf(read), {
      name: 'AwsUnavailableError',
      message: /^ListThings returned 50 empty pages in a row/,
    });
    assert.equal(asked.length, 51);
  });
});
