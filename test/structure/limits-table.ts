import { MOST_EMPTY } from '../../aws/pace/pages.ts';
import { LISTING_LEASE_MS, PART_BYTES } from '../../core/app-client.ts';
import { MOST_ROLE_MAPPINGS } from '../../core/identity-pool/roles.ts';
import { SHOWN_ENTRIES } from '../../core/identity-pool/shown-pool.ts';
import { OPEN_MS } from '../../core/now/cut-off.ts';
import { MOST_IDENTITY_POOLS } from '../../core/reconcile/parts.ts';
import { LISTED_TOGETHER, REPORTS_ROOM } from '../../core/reconcile/plan.ts';
import { MOST_RESTORES } from '../../core/reconcile/restore.ts';
import { LONGEST_REASON } from '../../core/request/approval.ts';
import {
  DEFAULT_HOURS,
  executionSeconds,
  TARGETS_AT_A_TIME,
} from '../../core/request/approval-time.ts';
import { ROUNDS } from '../../core/request/target.ts';
import { OUTDATED_MS } from '../../core/request/target-now.ts';
import { SESSION_SECONDS } from '../../core/session-name.ts';
import { READS_A_SECOND } from '../../core/user-pool.ts';
import {
  CLOCKS_MS,
  LATER_MS,
  LATEST_MS,
  LEASE_MS,
  NEEDED_MS,
  WAIT_MS,
  WRITER_SECONDS,
} from '../../core/write/lease.ts';
import { LAG_MS } from '../../core/write/marks.ts';
import { KEPT_DAYS, PENDING_MS } from '../../core/write/records.ts';
import { bounds } from '../chaos/bounds.ts';
import type { Limit, SaidIn, SetIn, Unit } from './limits.ts';
import { numberIn, retryOf, secondsOfRetry } from './state-machines.ts';

/** How long an alarm looks back. */
function period(alarm: string): number {
  const at = `Resources.${alarm}.Properties`;
  const periods = numberIn('resources/alarms.yml', `${at}.EvaluationPeriods`);
  return 1000 * numberIn('resources/alarms.yml', `${at}.Period`) * periods;
}

const limit =
  (unit: Unit) =>
  (name: string, value: number, said: SaidIn[], set: SetIn[] = []): Limit => ({
    name,
    value,
    unit,
    said,
    set,
  });

/** A time in milliseconds. */
const time = limit('ms');

/** A number of things. */
const number = limit('count');

/**
 * For how many minutes a step is tried again, on average, while others write to the identity pool: with full jitter,
 * each wait is half of what it may be at most.
 */
function minutesOfBusy(step: string): number {
  const { MaxAttempts } = retryOf(step, 'PoolBusyError');
  const seconds = secondsOfRetry(step, 'PoolBusyError') / 2 + (MaxAttempts + 1) * (WAIT_MS / 1000);
  return Math.round(seconds / 60);
}

/** Every time and number that several files must agree on. */
export const limits: Limit[] = [
  time('LEASE_MS of core/write/lease.ts', LEASE_MS, [
    ['docs/architecture.md', 'The lease lasts {} by its own time.'],
    ['docs/glossary.md', 'the right to write to one identity pool, for {}'],
    ['docs/reliability.md', 'the lease of {}, of which an update'],
    ['docs/runbook/executions-aborted.md', 'A lease that it held runs out after {}.'],
    ['docs/runbook/lease-waits.md', 'at most {} after it was taken'],
    ['resources/alarms.yml', 'the lease of a killed execution lasts {}'],
    ['statemachines/link.asl.yml', 'while it held the lease delays the others for {}.'],
  ]),
  time('LATEST_MS of core/write/lease.ts', LATEST_MS, [
    ['docs/reliability.md', 'blocks its identity pool for at most {} each time'],
  ]),
  time(
    'WRITER_SECONDS of core/write/lease.ts',
    1000 * WRITER_SECONDS,
    [
      ['docs/architecture.md', 'The function may run for {}, so no one writes after'],
      ['docs/reliability.md', "of a function's {}, and"],
      ['docs/runbook.md', 'A write that has begun ends within {}.'],
      ['console/server/pause-plans.ts', 'A write that has begun ends within {}.'],
    ],
    [
      ['serverless.yml', 'functions.ReconcileIdentityPool.timeout'],
      ['serverless.yml', 'functions.UpdateIdentityPool.timeout'],
    ],
  ),
  time('CLOCKS_MS of core/write/lease.ts', CLOCKS_MS, [
    ['docs/architecture.md', 'even if clocks differ by {}.'],
    ['docs/reliability.md', 'a timeout, clocks that differ by {},'],
    ['docs/reliability.md', 'and {} by which clocks differ |'],
    ['docs/reliability.md', 'less the {} by which clocks differ |'],
    ['docs/reliability.md', '`REPLACED_MS`, less the same {} |'],
  ]),
  time('WAIT_MS of core/write/lease.ts', WAIT_MS, [
    ['docs/architecture.md', 'leaves a pending item and waits for {}.'],
  ]),
  time('NEEDED_MS of core/write/lease.ts', NEEDED_MS, [
    ['docs/reliability.md', 'of which an update needs the last {} of a function'],
  ]),
  time('LATER_MS of core/write/lease.ts', LATER_MS, [
    ['docs/reliability.md', 'the same, with the last {} |'],
  ]),
  time('late.derived of test/chaos/bounds.ts', bounds.late.derived, [
    ['docs/reliability.md', 'takes effect after it was sent within | {} |'],
  ]),
  time('late.found of test/chaos/bounds.ts', bounds.late.found, [
    ['docs/reliability.md', 'and 2 s by which clocks differ | {} |'],
  ]),
  time('later.derived of test/chaos/bounds.ts', bounds.later.derived, [
    ['docs/reliability.md', 'if its write made other calls before it | {} |'],
  ]),
  time('later.found of test/chaos/bounds.ts', bounds.later.found, [
    ['docs/reliability.md', 'the same, with the last 8 s | {} |'],
  ]),
  time('old.derived of test/chaos/bounds.ts', bounds.old.derived, [
    ['docs/reliability.md', 'Cognito shows a state that is no more for at most | {} |'],
  ]),
  time('old.found of test/chaos/bounds.ts', bounds.old.found, [
    ['docs/reliability.md', 'less the 2 s by which clocks differ | {} |'],
  ]),
  time('replaced.derived of test/chaos/bounds.ts', bounds.replaced.derived, [
    ['docs/reliability.md', 'the state just before our last write for at most | {} |'],
  ]),
  time('replaced.found of test/chaos/bounds.ts', bounds.replaced.found, [
    ['docs/reliability.md', 'less the same 2 s | {} |'],
  ]),
  time('PENDING_MS of core/write/records.ts', PENDING_MS, [
    ['docs/runbook.md', 'may still write it for up to {}.'],
    ['docs/runbook/executions-aborted.md', 'it may still be written for up to {}.'],
  ]),
  time('OPEN_MS of core/now/cut-off.ts', OPEN_MS, [
    ['docs/commands.md', 'That is final {} after its end.'],
  ]),
  number('KEPT_DAYS of core/write/records.ts', KEPT_DAYS, [
    ['docs/architecture.md', 'the table keeps its record (for {} days)'],
    ['docs/architecture.md', 'record of each write for {} days, and the **ledger**'],
  ]),
  time('LAG_MS of core/write/marks.ts', LAG_MS, [
    ['docs/architecture.md', '(that {} is enough is an assumption)'],
    ['docs/architecture.md', 'A mark younger than {} is believed.'],
    ['docs/reliability.md', 'while the mark is younger than {}, or'],
    ['docs/reliability.md', 'is looked up again until its creation is {} ago; then'],
    ['docs/outcomes.md', 'was created less than {} ago, and'],
  ]),
  time(
    'the retries of NotDeletedError and NotListedError of statemachines/link.asl.yml',
    1000 * secondsOfRetry('ResolveTargets', 'NotDeletedError'),
    [
      ['docs/architecture.md', 'still has the app client or the user pool after {}.'],
      ['docs/outcomes.md', 'Cognito still has it after {}:'],
      ['docs/outcomes.md', 'Step Functions tries again for {} |'],
      ['docs/reliability.md', 'the listing does not show is tried again for {}; then'],
    ],
  ),
  number(
    'the minutes of retries of PoolBusyError in statemachines/link.asl.yml',
    minutesOfBusy('UpdateIdentityPool'),
    [
      [
        'docs/outcomes.md',
        'others wrote to the identity pool the whole time, for about {} minutes',
      ],
      ['docs/runbook/lease-waits.md', 'about {} minutes.'],
      ['resources/alarms.yml', 'a request fails after about {} minutes.'],
    ],
  ),
  number(
    'the minutes of retries of PoolBusyError in statemachines/reconcile.asl.yml',
    minutesOfBusy('ReconcileIdentityPool'),
    [
      ['docs/runbook/reconcile-failed.md', 'others wrote to the pool for about {} minutes'],
      ['statemachines/reconcile.asl.yml', 'After about {} minutes the identity pool is left'],
    ],
  ),
  number(
    'MaxAttempts of statemachines/retry.yml',
    numberIn('statemachines/retry.yml', 'waiting.MaxAttempts'),
    [['docs/architecture.md', 'is retried up to {} times with full jitter']],
  ),
  time(
    'MaxDelaySeconds of UpdateIdentityPool in statemachines/link.asl.yml',
    1000 * (retryOf('UpdateIdentityPool', 'PoolBusyError').MaxDelaySeconds ?? 0),
    [['resources/alarms.yml', 'A pending request tries again within {}.']],
  ),
  time('OUTDATED_MS of core/request/target-now.ts', OUTDATED_MS, [
    ['docs/architecture.md', 'that waited for approval, or that is older than {},'],
    ['docs/architecture.md', 'as the one they were looked up in and younger than {}.'],
  ]),
  time('LISTING_LEASE_MS of core/app-client.ts', LISTING_LEASE_MS, [
    ['docs/architecture.md', 'delays the others until its lease ends, at most {}.'],
  ]),
  number('PART_BYTES / 1000 of core/app-client.ts', PART_BYTES / 1000, [
    ['docs/architecture.md', 'in parts of about {} KB that never change'],
  ]),
  number(
    'READS_A_SECOND of core/user-pool.ts',
    READS_A_SECOND,
    [
      ['docs/architecture.md', 'Cognito answers {} pages of 60 a second for one user pool'],
      ['docs/architecture.md', 'Two functions at a time with at most {} calls a second each'],
    ],
    [['serverless.yml', 'functions.ListAppClients.environment.CALLS_A_SECOND']],
  ),
  number('MOST_EMPTY of aws/pace/pages.ts', MOST_EMPTY, [
    ['docs/architecture.md', 'or {} pages in a row without an item'],
  ]),
  time('SESSION_SECONDS of core/session-name.ts', 1000 * SESSION_SECONDS, [
    ['docs/security.md', 'to the actions of that step, for {}.'],
  ]),
  number('ROUNDS of core/request/target.ts', ROUNDS, [
    ['docs/architecture.md', 'the target goes round again, {} times at most'],
    ['statemachines/link.asl.yml', 'Gives up after {} rounds.'],
  ]),
  number(
    'TARGETS_AT_A_TIME of core/request/approval-time.ts',
    TARGETS_AT_A_TIME,
    [],
    [['statemachines/link.asl.yml', 'States.LinkTargets.MaxConcurrency']],
  ),
  time(
    'executionSeconds, without approvals, of core/request/approval.ts',
    1000 * executionSeconds({}),
    [
      ['docs/runbook.md', 'An execution took longer than {}, plus the time that links.yml gives'],
      ['docs/runbook.md', 'A reconcile took more than {} and was ended.'],
      ['resources/alarms.yml', 'A reconcile took longer than {} and was ended.'],
      ['statemachines/link.asl.yml', '{}, plus the time that links.yml gives for approvals.'],
    ],
    [['statemachines/reconcile.asl.yml', 'TimeoutSeconds']],
  ),
  number('DEFAULT_HOURS of core/request/approval-time.ts', DEFAULT_HOURS, [
    ['CONTRIBUTING.md', 'A change waits {} hours for approval by default.'],
    ['docs/links.md', '| how long a change waits for approval, 1 to 168 | `{}` |'],
    ['links.schema.json', 'How long a change waits for approval before it fails; {} if absent.'],
  ]),
  number('LONGEST_REASON of core/request/approval.ts', LONGEST_REASON, [
    ['docs/commands.md', 'required to decide, at most {} characters'],
    ['docs/commands.md', 'who finds the stage paused; required, at most {} characters'],
  ]),
  number('SHOWN_ENTRIES of core/identity-pool/shown-pool.ts', SHOWN_ENTRIES, [
    ['docs/architecture.md', 'Above {} entries, before and after are a count and a digest.'],
    ['docs/outcomes.md', 'Above {} entries, they hold their count and SHA-256'],
  ]),
  number('MOST_ROLE_MAPPINGS of core/identity-pool/roles.ts', MOST_ROLE_MAPPINGS, [
    ['docs/roles-and-tags.md', 'AWS allows {} role mappings in an identity pool'],
  ]),
  number('LISTED_TOGETHER of core/reconcile/plan.ts', LISTED_TOGETHER, [
    ['docs/architecture.md', '| ListAppClients | lists {} user pools and keeps the lists |'],
    ['serverless.yml', '# {} user pools of 10,000 clients'],
    ['statemachines/reconcile.asl.yml', 'The app clients of up to {} user pools'],
  ]),
  number('MOST_RESTORES of core/reconcile/restore.ts', MOST_RESTORES, [
    ['CHANGELOG.md', 'After {} times within an hour it stops'],
    ['core/reconcile/removed.ts', 'Poolbridge has linked it again {} times within an hour'],
    ['docs/coexistence.md', 'After {} restores of one entry within an hour'],
    ['docs/events.md', 'if it was restored {} times within an hour'],
    ['docs/events.md', 'no longer restored, after {} times within an hour'],
    ['docs/glossary.md', 'no more restores of an entry after {} within an hour'],
    ['docs/reconcile.md', 'left to a person after {} restores within an hour'],
    ['docs/runbook/entries-removed.md', 'was restored {} times within an hour'],
    ['links.schema.json', 'up to {} times an hour'],
  ]),
  number('MOST_IDENTITY_POOLS of core/reconcile/parts.ts', MOST_IDENTITY_POOLS, [
    ['docs/architecture.md', 'If every step of {} identity pools were retried'],
    ['statemachines/reconcile.asl.yml', 'With this many retries, {} busy identity pools stay'],
    ['statemachines/reconcile.asl.yml', 'Once: {} identity pools share 25,000 events.'],
  ]),
  number('REPORTS_ROOM of core/reconcile/plan.ts', REPORTS_ROOM, [
    ['docs/architecture.md', 'all reports share {}.'],
  ]),
  number(
    'logRetentionDays of serverless.yml',
    numberIn('serverless.yml', 'params.default.logRetentionDays'),
    [
      ['docs/audit.md', 'These log groups keep everything for {} days'],
      ['docs/costs.md', '| Logs, kept for {} days |'],
      ['docs/deploy.md', 'Step Functions itself forgets an execution after 90 days | `{}` |'],
    ],
  ),
  number(
    'reconcileOverdueHours of serverless.yml',
    numberIn('serverless.yml', 'params.default.reconcileOverdueHours'),
    [
      ['docs/deploy.md', 'rings, at most 168, or `off` | `{}` |'],
      ['docs/runbook.md', 'No reconcile of all identity pools has succeeded for {} hours'],
      [
        'docs/runbook/reconcile-overdue.md',
        'No reconcile of all identity pools has succeeded for {} hours',
      ],
    ],
  ),
  time(
    'the period of the alarm ExecutionsFailed of resources/alarms.yml',
    period('ExecutionsFailed'),
    [['docs/runbook/executions-failed.md', 'when no execution has failed for {}.']],
  ),
  time(
    'the period of the alarm ExecutionsTimedOut of resources/alarms.yml',
    period('ExecutionsTimedOut'),
    [['docs/runbook/executions-timed-out.md', 'when none has timed out for {}.']],
  ),
  time(
    'the period of the alarm ExecutionsAborted of resources/alarms.yml',
    period('ExecutionsAborted'),
    [['docs/runbook/executions-aborted.md', 'when none has been stopped for {}.']],
  ),
  time(
    'the period of the alarm ReconcileFailed of resources/alarms.yml',
    period('ReconcileFailed'),
    [['docs/runbook/reconcile-failed.md', 'when none has failed for {}.']],
  ),
  time(
    'the period of the alarm ReconcileTimedOut of resources/alarms.yml',
    period('ReconcileTimedOut'),
    [['docs/runbook/reconcile-timed-out.md', 'when none has timed out for {}.']],
  ),
  time('the period of the alarm EntriesRemoved of resources/alarms.yml', period('EntriesRemoved'), [
    ['docs/runbook/entries-removed.md', '**It ends** {} after the reconcile'],
  ]),
  time('the period of the alarm LeaseWaits of resources/alarms.yml', period('LeaseWaits'), [
    ['docs/events.md', 'requests wait for the lease of an identity pool for {}'],
    ['docs/runbook.md', 'UpdateIdentityPool has failed for {} in a row'],
    ['docs/runbook/lease-waits.md', 'UpdateIdentityPool has failed for {} in a row'],
    ['resources/alarms.yml', 'AlarmDescription: UpdateIdentityPool has failed for {} in a row'],
    ['resources/alarms.yml', 'So waits in {} in a row'],
  ]),
  time(
    'MessageRetentionPeriod of events/undelivered.yml',
    1000 *
      numberIn(
        'events/undelivered.yml',
        'Resources.UndeliveredEvents.Properties.MessageRetentionPeriod',
      ),
    [
      ['docs/events.md', 'Events that could not start an execution wait for {} in the queue'],
      [
        'docs/regions-and-accounts.md',
        'Events that could not be forwarded wait for {} in the queue',
      ],
      ['docs/runbook.md', '-undelivered-events`, for {}. |'],
      ['docs/runbook/events-undelivered.md', '-undelivered-events`, for {}.'],
      ['events/undelivered.yml', 'or reach the alarm topic, for {}.'],
      ['resources/forwarder.yml', 'Events that could not be forwarded, for {}.'],
    ],
    [['resources/forwarder.yml', 'Resources.UndeliveredEvents.Properties.MessageRetentionPeriod']],
  ),
];
