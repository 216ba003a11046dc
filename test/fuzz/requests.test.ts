import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type InputShape, inputFor } from 'embedded-aws/services/events/input-transformer.ts';
import fc from 'fast-check';
import { parse } from 'yaml';
import { InvalidRequestError } from '../../core/errors.ts';
import { type LinkRequest, parseRequest, type UndoRequest } from '../../core/request/request.ts';
import { anyText, CASES, spoiled } from './garbage.ts';

/** The deployed target of a rule in `events/`. */
function targetOf(file: string): InputShape {
  const { Resources } = parse(
    readFileSync(new URL(`../../events/${file}.yml`, import.meta.url), 'utf8'),
  ) as { Resources: Record<string, { Properties: { Targets: InputShape[] } }> };
  return Object.values(Resources)[0]!.Properties.Targets[0]!;
}

const circumstances = { ruleArn: 'arn', ruleName: 'r', ingestionTime: '2026-01-02T03:04:05Z' };

/** The input that a rule makes of an event; undefined if AWS would deliver nothing. */
function handedOn(shape: InputShape, detail: string, rest: string): unknown {
  const event = { ...JSON.parse(rest), detail: JSON.parse(detail) };
  try {
    return JSON.parse(inputFor(shape, event, circumstances));
  } catch (error) {
    const { name, message } = error as Error;
    // AWS may accept input that is too deep for this transformer. The test with a person's input covers that.
    if (name === 'INVALID_JSON' || message.includes('call stack')) return undefined;
    throw error;
  }
}

/** The request in an input; undefined if it was refused with one sentence. */
function understood(input: unknown): LinkRequest | UndoRequest | undefined {
  try {
    return parseRequest(input);
  } catch (error) {
    assert.ok(error instanceof InvalidRequestError, String(error));
    assert.match(error.message, /^\S.*\.$/s);
    assert.ok(error.message.length < 1000, `${error.message.length} characters`);
    return undefined;
  }
}

const ids = {
  userPoolId: /^[\w-]+-\d+_[0-9a-zA-Z]{1,45}$/,
  clientId: /^\w{1,128}$/,
  identityPoolId: /^[\w-]+-\d+:[0-9a-f-]+$/,
};

/** Checks that a request holds only valid values. */
function isSound(request: LinkRequest | UndoRequest): void {
  if (request.operation === 'undo') {
    assert.match(request.executionArn, /^arn:[^\s]+$/);
    return;
  }
  const { operation, dryRun, requestedBy, clientName, userPoolId, ...optional } = request;
  assert.ok(operation === 'link' || operation === 'unlink');
  assert.equal(typeof dryRun, 'boolean');
  assert.match(userPoolId, ids.userPoolId);
  assert.ok(clientName === undefined || typeof clientName === 'string');
  for (const [key, value] of Object.entries(optional)) {
    assert.match(String(value), ids[key as keyof typeof ids]);
  }
  for (const value of Object.values(requestedBy)) assert.equal(typeof value, 'string');
  if (operation === 'link') assert.ok(request.clientId !== undefined || clientName !== undefined);
  assert.equal(Object.getPrototypeOf(request), Object.prototype);
}

const person = fc.record(
  {
    userPoolId: fc.constantFrom('us-east-1_AbCdEfGhI', 'us-gov-west-1_Mobile001'),
    clientId: fc.constantFrom('1example23456789', 'a'),
    operation: fc.constantFrom('link', 'unlink'),
    identityPoolId: fc.constant('ap-south-1:12345678-abcd-abcd-abcd-1234567890ab'),
    dryRun: fc.boolean(),
    reason: fc.string(),
  },
  { requiredKeys: ['userPoolId', 'clientId'] },
);

const event = { id: 'e-1', time: '2026-01-02T03:04:05Z', account: '1', region: 'us-east-1' };

describe('any input is parsed, or refused with one sentence', () => {
  test('from a person', () => {
    let good = 0;
    fc.assert(
      fc.property(spoiled(person), (input) => {
        const request = understood(JSON.parse(input));
        if (!request) return;
        good++;
        isSound(request);
        assert.ok(!('clientName' in request));
      }),
      CASES,
    );
    assert.ok(good > 1000, `only ${good} were understood`);
  });

  test('from the event LinkRequested, which never counts as an event of CloudTrail', () => {
    const target = targetOf('link-requested');
    let good = 0;
    fc.assert(
      fc.property(spoiled(person), spoiled(fc.constant(event)), (detail, rest) => {
        const request = understood(handedOn(target, detail, rest));
        if (!request) return;
        good++;
        isSound(request);
        assert.equal(request.requestedBy.via, 'event');
        assert.ok(!('clientName' in request));
      }),
      CASES,
    );
    assert.ok(good > 1000, `only ${good} were understood`);
  });

  test('from CloudTrail, with any names and ids of an app client', () => {
    const target = targetOf('app-client-created');
    const userPoolClient = fc.record({
      userPoolId: fc.constant('us-east-1_AbCdEfGhI'),
      clientId: fc.constantFrom('1example23456789', 'HIDDEN_DUE_TO_SECURITY_REASONS'),
      clientName: fc.oneof(anyText(), fc.constant('"},"x":{"via":"person"')),
    });
    const record = userPoolClient.map((each) => ({
      eventID: 'e-1',
      eventTime: '2026-01-02T03:04:05Z',
      userIdentity: { arn: 'arn:aws:x' },
      responseElements: { userPoolClient: each },
    }));
    let good = 0;
    fc.assert(
      fc.property(spoiled(record), spoiled(fc.constant(event)), (detail, rest) => {
        const request = understood(handedOn(target, detail, rest));
        if (!request) return;
        good++;
        isSound(request);
        assert.equal(request.requestedBy.via, 'cloudtrail');
        assert.equal(request.operation, 'link');
      }),
      CASES,
    );
    assert.ok(good > 1000, `only ${good} were understood`);
  });
});
