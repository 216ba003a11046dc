import { executionOf } from '../../core/execution.ts';
import { type ReconcileOutput, totalsOf } from '../../core/reconcile/report.ts';
import { isText } from '../../core/shape.ts';
import type { ReconcileReport } from '../output/reconcile-table.ts';
import type { Ending, Failed } from './ending.ts';

const reportOf = (ending: Ending): ReconcileReport =>
  'output' in ending ? ending.output : ending.report;

/** ARN of the execution that reconciles the next part, if one execution had no room for all identity pools. */
export function nextOf(ending: Ending): string | undefined {
  const { next } = reportOf(ending);
  return isText(next) ? next : undefined;
}

const isComplete = (report: ReconcileReport): report is ReconcileOutput =>
  Array.isArray(report.identityPools) && Array.isArray(report.links);

/** The reports of all parts as one. */
function joinedReport(parts: Ending[]): ReconcileReport {
  const reports = parts.map(reportOf).filter(isComplete);
  const identityPools = reports.flatMap((report) => report.identityPools);
  const { repair = false } = reports[0] ?? {};
  const links = reports.flatMap((report) => report.links);
  return { repair, links, identityPools, totals: totalsOf(identityPools) };
}

/** Why parts failed, and which of them are missing in the report: an error has little room. */
function messageOf(failed: (Ending & Failed)[], count: number): string {
  const [first] = failed.map(({ message }) => message);
  const hidden = failed.filter((each) => !isComplete(reportOf(each)));
  const names = hidden.map(({ execution }) => executionOf(execution).name).join(', ');
  return [
    failed.length === 1
      ? `One of ${count} parts failed. ${first}`
      : `${failed.length} of ${count} parts failed. The first: ${first}`,
    ...(hidden.length > 0 ? [`This report leaves out the identity pools of ${names}.`] : []),
  ].join(' ');
}

/**
 * The end of a reconcile that was made in parts, as if one execution had made it. It has failed if one part has, with
 * the error of the first that did.
 *
 * @param others the parts after the first, in their order.
 */
export function joined(first: Ending, others: Ending[]): Ending {
  if (others.length === 0) return first;
  const parts = [first, ...others];
  const report: Record<string, unknown> = { ...joinedReport(parts) };
  const { execution } = first;
  const executions = others.map((each) => each.execution);
  const failed = parts.flatMap((each) => ('output' in each ? [] : each));
  const [fault] = failed;
  const lookedBy = new Map(
    parts.flatMap((part) =>
      (reportOf(part).identityPools ?? []).map(
        ({ identityPoolId }) => [identityPoolId, part.execution] as const,
      ),
    ),
  );
  const about = { execution, parts: executions, lookedBy };
  if (!fault) return { ...about, status: 'SUCCEEDED', output: report };
  const { status, error } = fault;
  const message = messageOf(failed, parts.length);
  return { ...about, status, error, message, report };
}
