import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { matches, parsePattern } from 'embedded-aws/services/events/pattern.ts';
import { parse } from 'yaml';
import type { Machine } from '../../core/deployment.ts';

const template = readFileSync(
  new URL('../../events/execution-not-succeeded.yml', import.meta.url),
  'utf8',
);
const { Resources } = parse(template);
const patternOf = (rule: string) =>
  parsePattern(
    JSON.stringify(Resources[rule].Properties.EventPattern)
      .replaceAll('{"Ref":"LinkStateMachine"}', '"link"')
      .replaceAll('{"Ref":"ReconcileStateMachine"}', '"reconcile"'),
  );

/** The rules that an execution's end triggers. Each notifies the alarm topic. */
const triggered = (
  stateMachineArn: Machine,
  status: string,
  input: unknown,
  error: string | null,
) =>
  Object.keys(Resources).filter((rule) =>
    matches(patternOf(rule), {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: { stateMachineArn, status, input: JSON.stringify(input), error },
    }),
  );
const counted: Record<Machine, string> = { link: 'LinkFault', reconcile: 'ReconcileFault' };

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
    [
      'after a deployment',
      'reconcile',
      { repair: true, changedOnly: true },
      [...mistakes, ...faults],
      false,
    ],
  ];
  for (const [what, machine, input, errors, isSilent] of cases) {
    test(`${what} ${isSilent ? 'rings no alarm' : 'rings the alarm of its state machine'}`, () => {
      const rules = isSilent ? [] : [counted[machine]];
      for (const error of errors) {
        assert.deepEqual(triggered(machine, 'FAILED', input, error), rules, error);
      }
    });
  }

  test('differs from one that timed out or was stopped, which always notifies the topic', () => {
    for (const machine of ['link', 'reconcile'] as const) {
      for (const status of ['TIMED_OUT', 'ABORTED']) {
        const rules = triggered(machine, status, { ...person, dryRun: true }, null);
        assert.deepEqual(rules, ['ExecutionCutShort']);
      }
      assert.deepEqual(triggered(machine, 'SUCCEEDED', person, null), []);
    }
  });
});
