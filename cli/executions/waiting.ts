import { inParallel } from '../../aws/pace/in-parallel.ts';
import { type AuditRecord, auditRecords } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import type { Session } from '../session.ts';
import { Approvals, type WaitingApproval } from './approvals.ts';
import { Executions } from './executions.ts';

/** A change that waits for approval, with the request that it belongs to. */
export interface WaitingRequest
  extends Pick<AuditRecord, 'operation' | 'userPoolId' | 'clientId' | 'requestedBy'>,
    Omit<WaitingApproval, 'token'> {
  /** ARN. */
  execution: string;
}

/** The changes of an execution that wait. */
async function waitingOf(
  session: Session,
  executions: Executions,
  execution: string,
): Promise<WaitingRequest[]> {
  const sfn = await session.stepFunctions(executionOf(execution).region);
  const waiting = await new Approvals(sfn, execution).waiting();
  if (waiting.length === 0) return [];
  const [record] = auditRecords(await executions.read(execution));
  const {
    operation,
    userPoolId,
    clientId,
    requestedBy = { via: 'unknown' as const },
  } = record ?? {};
  return waiting.map(({ token: _, ...shown }) => ({
    execution,
    ...(operation !== undefined && { operation }),
    ...(userPoolId !== undefined && { userPoolId }),
    ...(clientId !== undefined && { clientId }),
    requestedBy,
    ...shown,
  }));
}

/**
 * All changes of a stage that wait for approval, the oldest first.
 *
 * @param progress is called with the number of executions read so far.
 */
export async function waitingRequests(
  session: Session,
  stage: string,
  progress: (text: string) => void = () => {},
): Promise<WaitingRequest[]> {
  const executions = new Executions(session, stage);
  const running = await executions.list('link', { status: 'RUNNING' });
  const found: WaitingRequest[] = [];
  let read = 0;
  await inParallel(running, async (execution) => {
    found.push(...(await waitingOf(session, executions, execution)));
    progress(`${++read} of ${running.length} running executions`);
  });
  return found.sort((a, b) => a.since.localeCompare(b.since));
}
