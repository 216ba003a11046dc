import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { shareEntries, turnsOf, withEarlier } from '../../../core/write/order.ts';

const provider = (userPool: string) => `cognito-idp.us-east-1.amazonaws.com/us-east-1_${userPool}`;
const issuer = (userPool: string) => `issuer-cognito-idp.us-east-1.amazonaws.com/${userPool}`;

/** A request about an app client or, without one, about the whole user pool. */
const about = (userPool: string, clientId?: string, otherName?: string) => ({
  intent: {
    operation: 'unlink' as const,
    providerName: provider(userPool),
    ...(clientId !== undefined && { clientId }),
    ...(otherName !== undefined && { otherName }),
    serverSideTokenCheck: false,
  },
});

const anyRequests = fc.array(
  fc
    .tuple(fc.constantFrom('One', 'Two'), fc.constantFrom('a', 'b', 'c', undefined))
    .map(([userPool, clientId]) => about(userPool, clientId)),
);

describe('the order of requests that are written together', () => {
  test('matters for the same app client, and for an app client and its whole user pool', () => {
    assert.ok(shareEntries(about('One', 'a'), about('One', 'a')));
    assert.ok(shareEntries(about('One', 'a'), about('One')));
    assert.ok(shareEntries(about('One'), about('One', 'a')));
    assert.ok(shareEntries(about('One', 'a', issuer('One')), about('One', 'a')));
    assert.ok(!shareEntries(about('One', 'a'), about('One', 'b')));
    assert.ok(!shareEntries(about('One'), about('Two')));
    assert.ok(!shareEntries(about('One', 'a'), about('Two', 'a')));
  });

  test('is kept by their turns, with no more turns than necessary', () => {
    fc.assert(
      fc.property(anyRequests, (requests) => {
        const turns = turnsOf(requests);
        const turnOf = (request: object) =>
          turns.findIndex((turn) => turn.some((each) => each === request));
        assert.equal(turns.flat().length, requests.length);
        for (const [i, request] of requests.entries()) {
          const before = requests.slice(0, i).filter((other) => shareEntries(other, request));
          assert.equal(turnOf(request), Math.max(-1, ...before.map(turnOf)) + 1);
        }
      }),
    );
  });

  test('makes a request include all that must not be done after it, and nothing else', () => {
    const [a, b, all, c, other] = [
      about('One', 'a'),
      about('One', 'b'),
      about('One'),
      about('One', 'c'),
      about('Two', 'a'),
    ];
    const needed = (...own: object[]) =>
      withEarlier([a, other, b, all, c, b], (each) => own.includes(each));
    assert.deepEqual(needed(a), [a]);
    assert.deepEqual(needed(other), [other]);
    assert.deepEqual(needed(all), [a, b, all]);
    assert.deepEqual(needed(c), [a, b, all, c]);
    assert.deepEqual(needed(a, other), [a, other]);
  });
});
