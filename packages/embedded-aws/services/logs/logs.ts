import type { Aws, ServiceDefinition } from '../../kernel/aws.ts';
import type { Call } from '../../kernel/call.ts';
import { AwsError, UnsupportedError } from '../../kernel/errors.ts';
import type { Service } from '../../kernel/service.ts';
import { rates } from './rates.ts';

interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly stream: string;
}

/** A line that a service writes, or what makes it once someone reads it. */
export type Line = string | (() => string);

function logEvent(stream: string, timestamp: number, line: Line): LogEvent {
  let text = line;
  return {
    timestamp,
    get message() {
      if (typeof text !== 'string') text = text();
      return text;
    },
    stream,
  };
}

interface LogGroup {
  arn: string;
  name: string;
  retentionInDays?: number;
  events: LogEvent[];
}

// Limits the memory of a server that runs for hours: beyond this, the oldest events are dropped.
const MOST_EVENTS = 50_000;

/** The log groups of all accounts and Regions. Other services write to them. */
export class LogGroups {
  readonly #groups = new Map<string, LogGroup>();

  create(arn: string, retentionInDays?: number): LogGroup {
    const name = arn.split(':')[6] ?? '';
    const retention = retentionInDays === undefined ? {} : { retentionInDays };
    const group = this.#groups.get(arn) ?? { arn, name, ...retention, events: [] };
    this.#groups.set(arn, group);
    return group;
  }

  find(arn: string): LogGroup | undefined {
    return this.#groups.get(arn.replace(/:\*$/, ''));
  }

  all(): LogGroup[] {
    return [...this.#groups.values()];
  }

  /** Writes lines to a group. Lines for a group that does not exist are lost, as in AWS. */
  write(arn: string, stream: string, lines: Line[]): void {
    const group = this.find(arn);
    if (!group) return;
    const timestamp = Date.now();
    group.events.push(...lines.map((line) => logEvent(stream, timestamp, line)));
    if (group.events.length > MOST_EVENTS) group.events.splice(0, MOST_EVENTS / 10);
  }
}

const arnOf = (
  { partition, region, account }: Omit<Call, 'service'> | Call,
  name: string,
): string => `arn:${partition}:logs:${region}:${account}:log-group:${name}`;

interface Filter {
  logGroupName?: string;
  logGroupIdentifier?: string;
  startTime?: number;
  endTime?: number;
  filterPattern?: string;
  limit?: number;
  nextToken?: string;
}

/** The member of a JSON line, or undefined. */
function memberOf(message: string, name: string): unknown {
  try {
    const line: unknown = JSON.parse(message);
    return (line as Record<string, unknown> | null)?.[name];
  } catch {
    return undefined;
  }
}

/**
 * The test of a filter pattern. Supports quoted texts and words, which the line must all contain, and
 * `{ $.member = "text" }` for JSON lines, where a final asterisk matches any rest.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
function lineFilter(pattern = ''): (message: string) => boolean {
  const [, name = '', text, open] =
    /^\{ *\$\.(\w+) *= *"([^"*]*)(\*?)" *\}$/.exec(pattern.trim()) ?? [];
  if (text !== undefined && open) {
    return (message) => String(memberOf(message, name)).startsWith(text);
  }
  if (text !== undefined) return (message) => memberOf(message, name) === text;
  if (pattern.trim().startsWith('{')) throw new UnsupportedError(`the filter pattern ${pattern}`);
  const terms = [...pattern.matchAll(/"([^"]*)"|(\S+)/g)].map(([, q, word]) => q ?? word ?? '');
  return (message) => terms.every((term) => message.includes(term));
}

function start(aws: Aws): Service {
  const groups = aws.state(LogGroups);
  const groupOf = (call: Call): LogGroup => {
    const { logGroupName, logGroupIdentifier } = call.input as Filter;
    const id = logGroupName ?? logGroupIdentifier ?? '';
    const found = groups.find(id.startsWith('arn:') ? id : arnOf(call, id));
    if (found) return found;
    throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  };
  const onGroup = (call: Call) => {
    const { logGroupName, logGroupIdentifier } = call.input as Filter;
    return { resource: `${arnOf(call, logGroupName ?? logGroupIdentifier ?? '*')}:*` };
  };
  return {
    operations: {
      DescribeLogGroups: {
        run({ account, region, input }) {
          const prefix = String(input['logGroupNamePrefix'] ?? '');
          const here = groups
            .all()
            .filter(
              ({ arn, name }) => arn.includes(`:${region}:${account}:`) && name.startsWith(prefix),
            );
          return {
            logGroups: here.map(({ arn, name, retentionInDays }) => ({
              arn: `${arn}:*`,
              logGroupArn: arn,
              logGroupName: name,
              retentionInDays,
            })),
          };
        },
      },

      // https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
      FilterLogEvents: {
        judge: onGroup,
        run(call) {
          const input = call.input as Filter;
          const { startTime = 0, endTime = Number.POSITIVE_INFINITY, limit = 10_000 } = input;
          const matches = lineFilter(input.filterPattern);
          const found = groupOf(call).events.filter(
            ({ timestamp, message }) =>
              timestamp >= startTime && timestamp < endTime && matches(message),
          );
          const start = Number(input.nextToken ?? 0);
          const page = found.slice(start, start + limit);
          const next = start + limit < found.length ? { nextToken: String(start + limit) } : {};
          return {
            events: page.map(({ timestamp, message, stream }, i) => ({
              logStreamName: stream,
              timestamp,
              ingestionTime: timestamp,
              message,
              eventId: String(start + i),
            })),
            ...next,
          };
        },
      },
    },

    resources: {
      'AWS::Logs::LogGroup': {
        properties: ['LogGroupName', 'RetentionInDays', 'KmsKeyId'],
        create({ LogGroupName, RetentionInDays }, { account, region, partition }) {
          const name = String(LogGroupName);
          const arn = `arn:${partition}:logs:${region}:${account}:log-group:${name}`;
          groups.create(arn, Number(RetentionInDays));
          return { ref: name, attributes: { Arn: `${arn}:*` } };
        },
      },
    },
  };
}

/** Amazon CloudWatch Logs: reads the lines that the other services wrote. */
export const logs = {
  name: 'logs',
  json: {
    targets: ['Logs_20140328'],
    client: '@aws-sdk/client-cloudwatch-logs',
  },
  rates,
  state: { logGroups: LogGroups },
  start,
} as const satisfies ServiceDefinition;
