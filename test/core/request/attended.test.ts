import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { matches, parsePattern } from 'embedded-aws/services/events/pattern.ts';
import { parse } from 'yaml';
import type { Machine } from '../../../core/deployment.ts';
import { isAttended } from '../../../core/request/attended.ts';

const template = readFileSync(
  new URL('../../../events/execution-not-succeeded.yml', import.meta.url),
  'utf8',
);
const { Resources } = parse(template);
const pattern = JSON.stringify(Resources.ExecutionNotSucceeded.Properties.EventPattern)
  .replaceAll('{"Ref":"LinkStateMachine"}', '"link"')
  .replaceAll('{"Ref":"ReconcileStateMachine"}', '"reconcile"');

/** Whether the rule notifies the alarm topic. */
const isTold = (stateMachineArn: Machine, status: string, input: unknown, error: string | null) =>
  matches(parsePattern(pattern), {
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: { stateMachineArn, status, input: JSON.stringify(input), error },
  });

const person = { userPoolId: 'us-east-1_A', clientId: 'a', reason: '"dryRun":true, "repair":true' };
const byRule = (via: string, request: object = person) => ({ request, requestedBy: { via } });
const faults = [
  'TargetAccessDeniedError',
  'ProviderQuotaError',
  'LinkFailedError',
  'States.Timeout',
];
const mistakes = ['InvalidRequestError', 'NotCoveredError', 'UserPoolClientNotFoundError'];
const chosen = ['UndoConflictError', 'ApprovalDeniedError', 'PausedError'];

describe('an execution that failed', () => {
  const cases: [string, Machine, unknown, string[], boolean][] = [
    ['by a mistake of a person', 'link', person, [...mistakes, ...chosen], true],
    ['by a fault', 'link', person, faults, false],
    ['by a fault in a dry run', 'link', { ...person, dryRun: true }, faults, true],
    ['after a new app client', 'link', byRule('cloudtrail'), [...mistakes, ...faults], false],
    ['after an event', 'link', byRule('event', { ...person, dryRun: true }), mistakes, false],
    ['as a report', 'reconcile', { link: 'a', repair: false }, [...mistakes, ...faults], true],
    ['as a repair', 'reconcile', { link: 'a', repair: true }, faults, false],
    [
      'by a mistake in a repair',
      'reconcile',
      { link: 'a', repair: true },
      mistakes.slice(0, 1),
      true,
    ],
    ['by schedule', 'reconcile', { repair: true }, [...mistakes, ...faults], false],
  ];
  for (const [what, machine, input, errors, isSilent] of cases) {
    test(`${what} ${isSilent ? 'rings no alarm' : 'rings an alarm'}, by its metric and by the rule`, () => {
      for (const error of errors) {
        assert.equal(isAttended(machine, input, error), isSilent, error);
        assert.equal(isTold(machine, 'FAILED', input, error), !isSilent, error);
      }
    });
  }

  test('differs from one that timed out or was stopped, which always rings an alarm', () => {
    for (const machine of ['link', 'reconcile'] as const) {
      for (const status of ['TIMED_OUT', 'ABORTED']) {
        assert.ok(isTold(machine, status, { ...person, dryRun: true }, null));
      }
      assert.ok(!isTold(machine, 'SUCCEEDED', person, null));
    }
  });
});
