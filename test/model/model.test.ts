import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SMALL } from './bounds.ts';
import { check } from './checker.ts';
import { harmless, mistakes } from './mistakes.ts';
import { checked } from './model.ts';

describe('the write protocol, in all its states', () => {
  for (const { name, bound } of SMALL) {
    test(`holds for ${name}`, () => {
      const { violation, states } = checked(bound);
      assert.equal(violation?.what, undefined);
      assert.ok(states > 1000);
    });
  }

  for (const { name, bound, protocol, sees } of mistakes) {
    test(`does not hold if ${name}`, () => {
      assert.match(checked(bound, protocol).violation?.what ?? '', sees);
    });
  }

  for (const { name, bound, protocol } of harmless) {
    test(`holds even if ${name}`, () => {
      assert.equal(checked(bound, protocol).violation?.what, undefined);
    });
  }
});

describe('the model checker', () => {
  const counter = (step: number, wrong?: number) => ({
    initial: [0],
    key: String,
    isEnd: (state: number) => state === 6,
    wrong: (state: number) => (state === wrong ? `it is ${state}` : undefined),
    moves: (state: number) =>
      [1, step].flatMap((more) => {
        const to = state + more;
        return to > 7 ? [] : [{ name: `add ${more}`, to }];
      }),
  });

  test('finds the shortest way to a violation', () => {
    const { violation } = check(counter(2, 5));
    assert.equal(violation?.what, 'it is 5');
    assert.equal(violation.trace.length, 4);
    assert.equal(violation.trace.at(-1)?.state, 5);
  });

  test('finds a state from which no end can be reached', () => {
    const { violation } = check(counter(3));
    assert.match(violation?.what ?? '', /no way leads/);
    assert.equal(violation?.trace.at(-1)?.state, 7);
  });
});
