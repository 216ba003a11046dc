import type { Machine } from './deployment.ts';
import { isNamedPool, type NamedPool } from './failure.ts';
import { grouped } from './grouped.ts';
import { isListOf, isNumber, isObject, isOneOf, isText, parsedJson } from './shape.ts';

// Step Functions keeps the data of an execution for 90 days, and its log has the states without their data. So the
// functions log what the audit needs for longer: each value once, as JSON.

/** The log message of the first step, with the input of the execution. */
export const BEGINS = 'execution begins';
/** The log message of the first step, with the targets of the execution, in the order of its branches. */
export const RESOLVED = 'targets resolved';
/** The log message of the last step, with the report of the execution. */
export const REPORTED: Record<Machine, string> = {
  link: 'outcome reported',
  reconcile: 'reconcile reported',
};

/** The report of an execution, as it is logged. */
export interface LoggedReport {
  status: 'SUCCEEDED' | 'FAILED';
  /** Also of an execution that failed, as far as it has results. Then it says more than the cause. */
  output?: object;
  error?: string;
  cause?: string;
}

/** A part of a value in a log line. The parts together are JSON. */
interface DataLine {
  data: string;
  /** The first is 1. */
  part: number;
  parts: number;
}

// In characters, one byte each. Lambda and CloudWatch Logs cut off a line that is longer than 256 KB. JSON escapes the
// quotation marks in a part, so a line may be twice as long.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
const PART = 120_000;

const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A value as it is logged: in one line, or in as many as it takes. */
export function dataLines(value: unknown): DataLine[] {
  // The logger would replace characters that are not visible, and only ASCII has a known length in bytes.
  const json = JSON.stringify(value ?? null).replace(/[^ -~]/g, escaped);
  const parts = Math.ceil(json.length / PART);
  return Array.from({ length: parts }, (_, i) => ({
    data: json.slice(i * PART, (i + 1) * PART),
    part: i + 1,
    parts,
  }));
}

/** The targets of an execution, as they are logged. */
export const namedPools = (pools: NamedPool[]): NamedPool[] =>
  pools.map(({ identityPoolId, links }) => ({ identityPoolId, links }));

/** What the functions logged of an execution. What they did not log, or of which a line was lost, is absent. */
export interface LoggedData {
  /** JSON. */
  input?: string;
  /** In the order of the branches. */
  targets?: NamedPool[];
  report?: LoggedReport;
}

type Line = Record<string, unknown>;

/** The value in the lines of one message. A step that is tried again logs it again: the last attempt counts. */
function dataIn(lines: Line[]): { json: string; value: unknown } | undefined {
  const texts = new Map<number, string>();
  for (const { part, data } of lines) if (isNumber(part) && isText(data)) texts.set(part, data);
  const { parts } = lines.at(-1) ?? {};
  if (!isNumber(parts)) return undefined;
  const json = Array.from({ length: parts }, (_, i) => texts.get(i + 1) ?? '').join('');
  const value = parsedJson(json);
  return value === undefined ? undefined : { json, value };
}

const isStatus = isOneOf('SUCCEEDED', 'FAILED');

function reportIn(value: unknown): LoggedReport | undefined {
  const { status, output, error, cause } = isObject(value) ? value : {};
  if (!isStatus(status)) return undefined;
  return {
    status,
    ...(isObject(output) && { output }),
    ...(isText(error) && { error }),
    ...(isText(cause) && { cause }),
  };
}

const arePools = isListOf(isNamedPool);

function dataOf(lines: Line[]): LoggedData {
  const byMessage = grouped(lines, ({ message }) => message);
  const dataOfMessage = (message: string) => dataIn(byMessage.get(message) ?? []);
  const input = dataOfMessage(BEGINS)?.json;
  const targets = dataOfMessage(RESOLVED)?.value;
  const [report] = Object.values(REPORTED).flatMap(
    (message) => reportIn(dataOfMessage(message)?.value) ?? [],
  );
  return {
    ...(input !== undefined && { input }),
    ...(arePools(targets) && { targets }),
    ...(report && { report }),
  };
}

/** What the functions logged, by execution, from the lines of their log groups. */
export function loggedData(lines: Line[]): ReadonlyMap<string, LoggedData> {
  const timeOf = ({ timestamp }: Line) => String(timestamp);
  const inOrder = lines.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b)));
  const byExecution = grouped(inOrder, ({ correlation_id }) => String(correlation_id));
  return new Map([...byExecution].map(([execution, own]) => [execution, dataOf(own)]));
}
