import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { askAgain } from '../../cli/executions/again.ts';
import type { DescribedExecution } from '../../core/audit/audit.ts';

const arnOf = (name: string) =>
  `arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:${name}`;

const failed = (input: object, error: string, results: object[] = []): DescribedExecution => ({
  execution: arnOf('failed'),
  machine: 'link',
  source: 'history',
  status: 'FAILED',
  started: '2026-01-31T12:00:00Z',
  input: JSON.stringify(input),
  error,
  cause: JSON.stringify({ message: 'Why it failed.', results }),
});

const undo = { operation: 'undo', executionArn: arnOf('done') };
const link = { userPoolId: 'us-east-1_Mobile001', clientId: 'app' };

const ended = (number: number, error?: string) => ({
  identityPoolId: `ap-south-1:0000000${number}-0000-4000-8000-000000000000`,
  links: ['mobile'],
  ...(error === undefined ? { outcome: 'UNLINKED' } : { outcome: 'FAILED', error }),
});

describe('the command that makes a request again', () => {
  test('is there if another attempt may succeed', () => {
    assert.equal(
      askAgain(failed(link, 'TargetAccessDeniedError')),
      'link --user-pool us-east-1_Mobile001 --client app',
    );
    assert.equal(askAgain(failed(undo, 'PoolBusyError', [ended(1, 'PoolBusyError')])), 'undo done');
  });

  test('is not there if the same request would fail in the same way', () => {
    for (const error of [
      'InvalidRequestError',
      'UndoConflictError',
      'UserPoolClientNotFoundError',
    ]) {
      assert.equal(askAgain(failed(undo, error)), undefined, error);
    }
    const conflicts = [ended(1), ended(2, 'UndoConflictError')];
    assert.equal(askAgain(failed(undo, 'LinkFailedError', conflicts)), undefined);
  });

  test('is about the identity pool that is left, if the others were undone', () => {
    const { identityPoolId } = ended(2);
    const results = [ended(1), ended(2, 'TargetAccessDeniedError')];
    assert.equal(
      askAgain(failed(undo, 'TargetAccessDeniedError', results)),
      `undo done --identity-pool ${identityPoolId}`,
    );
    const mixed = [ended(1, 'UndoConflictError'), ended(2, 'PoolBusyError')];
    assert.equal(
      askAgain(failed(undo, 'LinkFailedError', mixed)),
      `undo done --identity-pool ${identityPoolId}`,
    );
  });
});
