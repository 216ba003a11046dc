import { inParallel } from '../../aws/pace/in-parallel.ts';
import { type AuditRecord, auditRecords } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import type { Session } from '../session.ts';
import { Approvals, type WaitingApproval } from './approvals.ts';
import { Executions } from './executions.ts';

/** The request that a change which waits for approval belongs to. */
export type WaitingAbout = Pick<
  AuditRecord,
  'operation' | 'userPoolId' | 'clientId' | 'undoes' | 'requestedBy'
>;

/** A change that waits for approval, with its request. */
export interface WaitingRequest extends WaitingAbout, Omit<WaitingApproval, 'token'> {
  /** ARN. */
  execution: string;
}

/** The request of an execution, as far as it is known. */
async function aboutOf(executions: Executions, execution: string): Promise<WaitingAbout> {
  const [record] = auditRecords(await executions.read(execution));
  const { operation, userPoolId, clientId, undoes } = record ?? {};
  return {
    ...(operation !== undefined && { operation }),
    ...(userPoolId !== undefined && { userPoolId }),
    ...(clientId !== undefined && { clientId }),
    ...(undoes !== undefined && { undoes }),
    requestedBy: record?.requestedBy ?? { via: 'unknown' },
  };
}

/** What to look for among the changes that wait. */
interface Wanted {
  /** Which requests count. */
  isMeant?: (about: WaitingAbout) => boolean;
  /** Is called with the number of executions read so far. */
  progress?: (text: string) => void;
}

/** The changes of an execution that wait, if its request is meant. */
async function waitingOf(
  session: Session,
  executions: Executions,
  execution: string,
  isMeant: (about: WaitingAbout) => boolean,
): Promise<WaitingRequest[]> {
  const about = await aboutOf(executions, execution);
  if (!isMeant(about)) return [];
  const sfn = await session.stepFunctions(executionOf(execution).region);
  const waiting = await new Approvals(sfn, execution).waiting();
  return waiting.map(({ token: _, ...shown }) => ({ execution, ...about, ...shown }));
}

/** The changes of a stage that wait for approval, the oldest first. */
export async function waitingRequests(
  session: Session,
  stage: string,
  { isMeant = () => true, progress = () => {} }: Wanted = {},
): Promise<WaitingRequest[]> {
  const executions = new Executions(session, stage);
  const running = await executions.list('link', { status: 'RUNNING' });
  const found: WaitingRequest[] = [];
  let read = 0;
  await inParallel(running, async (execution) => {
    found.push(...(await waitingOf(session, executions, execution, isMeant)));
    progress(`${++read} of ${running.length} running executions`);
  });
  return found.sort((a, b) => a.since.localeCompare(b.since));
}
