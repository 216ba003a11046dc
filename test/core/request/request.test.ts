import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidRequestError } from '../../../core/errors.ts';
import { type LinkRequest, parseRequest } from '../../../core/request/request.ts';

const person = { userPoolId: 'us-east-1_AbCdEfGhI', clientId: '1example23456789' };
const IDENTITY_POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const byCloudTrail = {
  via: 'cloudtrail',
  principalArn: 'arn:aws:iam::111111111111:user/dev',
  eventId: 'e-1',
  time: '2026-01-02T03:04:05Z',
  account: '111111111111',
  region: 'us-east-1',
};

const refuses = (input: unknown, pattern: RegExp) =>
  assert.throws(
    () => parseRequest(input),
    (error: Error) => {
      assert.ok(error instanceof InvalidRequestError, String(error));
      assert.match(error.message, pattern);
      return true;
    },
  );

describe('a request by a person', () => {
  test('links unless it says otherwise', () => {
    assert.deepEqual(parseRequest(person), {
      ...person,
      operation: 'link',
      dryRun: false,
      requestedBy: { via: 'person' },
    });
  });

  test('may name an identity pool, be a dry run and give a reason', () => {
    const input = {
      ...person,
      operation: 'unlink',
      identityPoolId: IDENTITY_POOL,
      dryRun: true,
      reason: 'ticket 7',
    };
    assert.deepEqual(parseRequest(input), {
      ...person,
      operation: 'unlink',
      identityPoolId: IDENTITY_POOL,
      dryRun: true,
      requestedBy: { via: 'person', reason: 'ticket 7' },
    });
  });

  test('may say who makes it, which stays a claim beside what CloudTrail proves', () => {
    const claimedArn = 'arn:aws:sts::111111111111:assumed-role/ops/alice@example.com';
    const said = { ...person, claimedArn };
    const byPerson = { via: 'person', claimedArn };
    assert.deepEqual(parseRequest(said).requestedBy, byPerson);
    const executionArn = 'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:one';
    const undo = { operation: 'undo', executionArn, claimedArn };
    assert.deepEqual(parseRequest(undo).requestedBy, byPerson);
    const event = { via: 'event', eventId: 'e-1' };
    assert.deepEqual(parseRequest({ request: said, requestedBy: event }).requestedBy, {
      ...event,
      claimedArn,
    });
    for (const wrong of ['alice', '', 7, `${claimedArn} `, `${claimedArn}${'x'.repeat(700)}`]) {
      refuses({ ...person, claimedArn: wrong }, /claimedArn must be the ARN of the caller/);
    }
  });

  test('may be as long as AWS allows', () => {
    const input = {
      ...person,
      clientId: 'a'.repeat(128),
      reason: 'x'.repeat(1000),
      identityPoolId: `ap-south-1:${'a'.repeat(44)}`,
    };
    const { clientId, identityPoolId, requestedBy } = parseRequest(input) as LinkRequest;
    assert.deepEqual(
      { clientId, identityPoolId, reason: requestedBy.reason, userPoolId: person.userPoolId },
      input,
    );
  });

  test('to unlink without a client means every entry of the user pool', () => {
    const { userPoolId } = person;
    const request = parseRequest({ operation: 'unlink', userPoolId }) as LinkRequest;
    assert.equal(request.clientId, undefined);
    assert.ok(!('clientId' in request));
  });

  const bad: [string, unknown, RegExp][] = [
    ['that is not an object', 'link it', /must be an object like .* not "link it"/],
    ['that is undefined', undefined, /must be an object/],
    ['that is null', null, /must be an object/],
    ['that is a list', [person], /must be an object/],
    ['without a user pool', { clientId: 'a' }, /userPoolId is missing/],
    ['to link without a client', { userPoolId: person.userPoolId }, /clientId is missing/],
    [
      'with an unknown key',
      { ...person, userPool: 'x' },
      /^The request has the unknown key "userPool"; it may hold operation, /,
    ],
    ['with unknown keys', { ...person, a: 1, b: 2 }, /unknown keys "a", "b"/],
    [
      'with five unknown keys',
      { ...person, a: 1, b: 2, c: 3, d: 4, e: 5 },
      /unknown keys "a", "b", "c", "d", "e"; it may hold/,
    ],
    [
      'with thousands of unknown keys',
      { ...person, ...Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, i])) },
      /unknown keys "k0", "k1", "k2", "k3", "k4" and 2995 more; it may hold/,
    ],
    [
      'with a user pool deeper than any stack',
      { ...person, userPoolId: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) },
      /userPoolId must be an id like .*, not a list\.$/,
    ],
    ['with a reason that is an object', { ...person, reason: {} }, /reason .*, not an object\.$/],
    ['that claims a client’s name', { ...person, clientName: 'web' }, /unknown key "clientName"/],
    [
      'to do something else',
      { ...person, operation: 'delete' },
      /operation must be "link", "unlink" or "undo", not "delete"/,
    ],
    [
      'with a dry run that is a text',
      { ...person, dryRun: 'true' },
      /dryRun must be true or false, not "true"/,
    ],
    [
      'with a malformed user pool',
      { ...person, userPoolId: 'AbCdEfGhI' },
      /userPoolId must be an id like "us-east-1_AbCdEfGhI", not "AbCdEfGhI"/,
    ],
    [
      'with a user pool that is a number',
      { ...person, userPoolId: 7 },
      /userPoolId must be an id like .* not 7/,
    ],
    ['with a blank client', { ...person, clientId: '' }, /clientId must be an id/],
    [
      'to unlink a blank client',
      { ...person, operation: 'unlink', clientId: '' },
      /clientId must be an id/,
    ],
    [
      'with a client id that no identity pool takes',
      { ...person, clientId: 'a+b' },
      /clientId must be an id/,
    ],
    [
      'with a client id that is too long',
      { ...person, clientId: 'a'.repeat(129) },
      /clientId must be an id/,
    ],
    [
      'with a user pool id that is too long',
      { ...person, userPoolId: `us-east-1_${'a'.repeat(46)}` },
      /userPoolId/,
    ],
    [
      'with a user pool of a Region of no partition',
      { ...person, userPoolId: 'mars-east-1_AbCdEfGhI' },
      /userPoolId is "mars-east-1_AbCdEfGhI", and no AWS partition that Poolbridge knows has the Region mars-east-1: correct the id, or/,
    ],
    [
      'with an identity pool of a Region of no partition',
      { ...person, identityPoolId: 'ap:12345678-abcd-abcd-abcd-1234567890ab' },
      /identityPoolId is .* has the Region ap: correct the id, or/,
    ],
    [
      'with a malformed identity pool',
      { ...person, identityPoolId: 'ap-south-1' },
      /identityPoolId must be an id/,
    ],
    [
      'with a reason that is too long',
      { ...person, reason: 'x'.repeat(1001) },
      /reason must be a text of at most 1000 characters/,
    ],
    ['with a reason that is not a text', { ...person, reason: {} }, /reason must be a text/],
    ['with a reason that is a list', { ...person, reason: [] }, /reason must be a text/],
    [
      'with an identity pool id that is too long',
      { ...person, identityPoolId: `ap-south-1:${'a'.repeat(45)}` },
      /identityPoolId must be an id/,
    ],
    ['that wraps itself as an event’s', { request: person }, /unknown key "request"/],
  ];
  for (const [what, input, pattern] of bad) {
    test(`${what} is refused`, () => refuses(input, pattern));
  }

  test('shows at most 80 characters of what is wrong', () => {
    refuses({ ...person, userPoolId: 'x'.repeat(5000) }, /, not "x{79}…\.$/);
    refuses({ ...person, userPoolId: 'x'.repeat(78) }, /, not "x{78}"\.$/);
  });
});

describe('a request by an event', () => {
  test('from CloudTrail may give the client’s name, and says who made the call', () => {
    const request = { ...person, operation: 'link', clientName: 'web' };
    assert.deepEqual(parseRequest({ request, requestedBy: byCloudTrail }), {
      ...person,
      operation: 'link',
      clientName: 'web',
      dryRun: false,
      requestedBy: byCloudTrail,
    });
  });

  test('may leave unknown values blank', () => {
    const request = { ...person, clientName: '', identityPoolId: '', reason: '' };
    const requestedBy = { ...byCloudTrail, principalArn: '', region: '' };
    const { principalArn: _, region: __, ...known } = byCloudTrail;
    assert.deepEqual(parseRequest({ request, requestedBy }), {
      ...person,
      operation: 'link',
      dryRun: false,
      requestedBy: known,
    });
  });

  test('with a client id that CloudTrail masked is identified by the client’s name', () => {
    const request = { ...person, clientId: 'HIDDEN_DUE_TO_SECURITY_REASONS', clientName: 'web' };
    const parsed = parseRequest({ request, requestedBy: byCloudTrail }) as LinkRequest;
    assert.equal(parsed.clientName, 'web');
    assert.ok(!('clientId' in parsed));
  });

  test('keeps a client’s name that looks masked, since names are not masked', () => {
    const request = { ...person, clientName: 'HIDDEN_DUE_TO_SECURITY_REASONS' };
    const { clientName } = parseRequest({ request, requestedBy: byCloudTrail }) as LinkRequest;
    assert.equal(clientName, request.clientName);
  });

  test('from the source poolbridge counts as a person’s, and keeps its reason', () => {
    const request = { ...person, reason: 'replay' };
    const requestedBy = { via: 'event', eventId: 'e-2', account: '111111111111' };
    assert.deepEqual(parseRequest({ request, requestedBy }), {
      ...person,
      operation: 'link',
      dryRun: false,
      requestedBy: { ...requestedBy, reason: 'replay' },
    });
  });

  test('reports only the expected facts about its origin', () => {
    const requestedBy = { ...byCloudTrail, secret: 'x' };
    assert.deepEqual(parseRequest({ request: person, requestedBy }).requestedBy, byCloudTrail);
  });

  const event = { via: 'event' };
  const bad: [string, unknown, RegExp][] = [
    [
      'that claims a client’s name without being CloudTrail',
      { request: { ...person, clientName: 'web' }, requestedBy: event },
      /unknown key "clientName"/,
    ],
    [
      'of an unknown kind',
      { request: person, requestedBy: { via: 'telepathy' } },
      /requestedBy\.via must be .* not "telepathy"/,
    ],
    ['of no kind', { request: person, requestedBy: {} }, /requestedBy\.via must be/],
    ['by no one', { request: person, requestedBy: null }, /requestedBy must be an object/],
    [
      'with an extra key',
      { request: person, requestedBy: event, more: 1 },
      /The input has the unknown key "more"/,
    ],
    ['that asks for nothing', { requestedBy: event }, /request must be an object, not undefined/],
    [
      'with a request that is a text',
      { request: 'x', requestedBy: byCloudTrail },
      /request must be an object, not "x"/,
    ],
    [
      'from CloudTrail that names no client',
      { request: { userPoolId: person.userPoolId }, requestedBy: byCloudTrail },
      /names no app client/,
    ],
    [
      'from CloudTrail with an unknown key',
      { request: { ...person, x: 1 }, requestedBy: byCloudTrail },
      /^The request has the unknown key "x"/,
    ],
    [
      'with a principal that is not a text',
      { request: person, requestedBy: { ...byCloudTrail, principalArn: 7 } },
      /principalArn must be a text/,
    ],
    [
      'with a client’s name that is too long',
      { request: { ...person, clientName: 'x'.repeat(129) }, requestedBy: byCloudTrail },
      /clientName must be a text/,
    ],
  ];
  for (const [what, input, pattern] of bad) {
    test(`${what} is refused`, () => refuses(input, pattern));
  }

  test('to unlink without a client means the whole user pool', () => {
    const request = { operation: 'unlink', userPoolId: person.userPoolId };
    assert.deepEqual(parseRequest({ request, requestedBy: byCloudTrail }), {
      ...request,
      dryRun: false,
      requestedBy: byCloudTrail,
    });
  });

  test('to unlink a blank client is refused, so that it does not mean every client', () => {
    for (const clientId of ['', 'HIDDEN_DUE_TO_SECURITY_REASONS']) {
      const request = { ...person, operation: 'unlink', clientId };
      refuses({ request, requestedBy: byCloudTrail }, /clientId is blank/);
    }
    const blank = { ...person, operation: 'unlink', clientId: '' };
    refuses({ request: blank, requestedBy: event }, /clientId must be an id/);
  });

  test('of a person to unlink an id that looks masked means that id', () => {
    const clientId = 'HIDDEN_DUE_TO_SECURITY_REASONS';
    const request = { ...person, operation: 'unlink', clientId };
    const parsed = parseRequest({ request, requestedBy: event }) as LinkRequest;
    assert.equal(parsed.clientId, clientId);
  });

  test('to link without a client is refused', () => {
    refuses(
      { request: { userPoolId: person.userPoolId }, requestedBy: event },
      /clientId is missing/,
    );
  });
});
