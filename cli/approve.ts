import { parseArgs, styleText } from 'node:util';
import { Approvals, type WaitingApproval } from './approvals.ts';
import { callerIdentity, linkMachineArn } from './caller.ts';
import { exit, runCommand, UsageError } from './command.ts';
import { changeLines } from './show.ts';

const usage = `Approves or refuses what an execution waits with, or shows it.

  npm run approve -- EXECUTION --show
  npm run approve -- EXECUTION --reason "as agreed in ticket 7"

  EXECUTION            its ARN or name
  --identity-pool ID   only this one of those that wait; asked for where several do; may be repeated
  --reason TEXT        why, for the audit; at most 200 characters
  --deny               refuse it
  --show               show what waits, and decide nothing
  --stage NAME         the deployment's stage, dev if absent; for a name in place of an ARN

Endpoint, Region and credentials come from where the AWS CLI takes them.`;

// Two hundred targets of one execution share the room of its state.
const LONGEST_REASON = 200;

function askedIn(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'identity-pool': { type: 'string', multiple: true },
      reason: { type: 'string', default: '' },
      deny: { type: 'boolean', default: false },
      show: { type: 'boolean', default: false },
      stage: { type: 'string', default: 'dev' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [execution = '', ...more] = positionals;
  const { 'identity-pool': identityPools, reason, show, help } = values;
  if (help) return { ...values, execution, identityPools };
  if (execution === '') throw new UsageError('the execution is missing');
  if (more.length > 0) throw new UsageError('one execution at a time');
  if (reason === '' && !show) throw new UsageError('--reason is missing');
  if (reason.length > LONGEST_REASON) {
    throw new UsageError(`--reason is longer than ${LONGEST_REASON} characters`);
  }
  return { ...values, execution, identityPools };
}

type Asked = ReturnType<typeof askedIn>;

const idsOf = (waiting: WaitingApproval[]): string =>
  waiting.map(({ identityPoolId }) => identityPoolId).join(', ');

/** Those that are meant: named, or the only one; nobody approves what he has not seen. */
function meant(waiting: WaitingApproval[], { identityPools, show }: Asked): WaitingApproval[] {
  if (identityPools === undefined) {
    if (waiting.length <= 1 || show) return waiting;
    throw new UsageError(`several wait, so name them with --identity-pool: ${idsOf(waiting)}`);
  }
  const missing = identityPools.filter(
    (id) => !waiting.some(({ identityPoolId }) => identityPoolId === id),
  );
  if (missing.length === 0) {
    return waiting.filter(({ identityPoolId }) => identityPools.includes(identityPoolId));
  }
  throw new UsageError(
    `nothing waits for ${missing.join(', ')}; what waits: ${idsOf(waiting) || 'nothing'}`,
  );
}

async function decide(asked: Asked): Promise<number> {
  const caller = await callerIdentity();
  const machine = linkMachineArn(caller, asked.stage).replace(':stateMachine:', ':execution:');
  const execution = asked.execution.startsWith('arn:')
    ? asked.execution
    : `${machine}:${asked.execution}`;
  const approvals = new Approvals(execution);
  const waiting = await approvals.waiting();
  const chosen = meant(waiting, asked);
  if (chosen.length === 0) {
    console.error(`Nothing waits for approval in ${execution}.`);
    return exit.failed;
  }
  const time = new Date().toISOString();
  const decision = { approvedBy: caller.arn, reason: asked.reason, time };
  const word = asked.show ? 'WAITS' : asked.deny ? 'DENIED' : 'APPROVED';
  for (const each of chosen) {
    if (!asked.show) await approvals[asked.deny ? 'deny' : 'approve'](each, decision);
    console.log(`${styleText('bold', word)} ${each.identityPoolId} (${each.links.join(', ')})`);
    for (const line of changeLines(each.changes)) console.log(`  ${line}`);
  }
  return exit.done;
}

await runCommand({ usage, asked: askedIn, run: decide });
