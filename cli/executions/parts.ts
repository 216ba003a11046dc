import { type ReconcileOutput, totalsOf } from '../../core/reconcile/report.ts';
import { isText } from '../../core/shape.ts';
import type { ReconcileReport } from '../output/reconcile-table.ts';
import type { Ending } from './ending.ts';

const reportOf = (ending: Ending): ReconcileReport =>
  'output' in ending ? ending.output : ending.report;

/** ARN of the execution that reconciles the next part, if one execution had no room for all identity pools. */
export function nextOf(ending: Ending): string | undefined {
  const { next } = reportOf(ending);
  return isText(next) ? next : undefined;
}

/** The reports of all parts as one. */
function joinedReport(parts: Ending[]): ReconcileReport {
  const reports = parts
    .map(reportOf)
    .filter(
      (report): report is ReconcileOutput =>
        Array.isArray(report.identityPools) && Array.isArray(report.links),
    );
  const identityPools = reports.flatMap((report) => report.identityPools);
  const { repair = false } = reports[0] ?? {};
  const links = reports.flatMap((report) => report.links);
  return { repair, links, identityPools, totals: totalsOf(identityPools) };
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
  if (!fault) return { execution, parts: executions, status: 'SUCCEEDED', output: report };
  const { status, error } = fault;
  const message =
    failed.length === 1
      ? `One of ${parts.length} parts failed. ${fault.message}`
      : `${failed.length} of ${parts.length} parts failed. The first: ${fault.message}`;
  return { execution, parts: executions, status, error, message, report };
}
