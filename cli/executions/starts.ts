import { pace } from '../../aws/pace/pace.ts';
import { pagesOf } from '../../aws/pace/pages.ts';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { isClaimed, spansAround, startIn } from '../../core/audit/starts.ts';
import { grouped } from '../../core/grouped.ts';
import type { Period } from '../../core/period.ts';
import type { TrailCaller } from '../../core/trail-record.ts';
import { isDenied } from '../denied.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';

// An account may ask twice a second, and each page has 50 records.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
const CALLS_A_SECOND = 2;
const MOST_PAGES = 120;

type Starts = Map<string, TrailCaller>;

/** Reads StartExecution calls from CloudTrail's event history. */
class StartReader {
  readonly #session: Session;
  readonly #turn = pace(CALLS_A_SECOND);
  #pages = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  get isAtEnd(): boolean {
    return this.#pages >= MOST_PAGES;
  }

  /** Adds what a part of time has. */
  async read({ from, until }: Period, into: Starts): Promise<void> {
    const { region } = await this.#session.caller();
    const trails = await this.#session.trails(region);
    const pages = pagesOf('LookupEvents', async (NextToken: string | undefined) => {
      await this.#turn();
      const { Events: items = [], NextToken: next } = await trails.lookupEvents({
        LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'StartExecution' }],
        StartTime: new Date(from),
        EndTime: new Date(until),
        NextToken,
      });
      return { items, next };
    });
    for await (const { items } of pages) {
      this.#pages += 1;
      // The newest come first. Of two calls with one name, the first one started the execution.
      for (const start of items.flatMap((each) => startIn(each.CloudTrailEvent) ?? [])) {
        into.set(start.execution, start.by);
      }
      if (this.isAtEnd) return;
    }
  }
}

/**
 * Records with who started their executions by CloudTrail, where they say it themselves. Looks the newest up first.
 * If CloudTrail may not be read, or has too much, says so once.
 */
export async function withStarts(
  records: AuditRecord[],
  session: Session,
  terminal: Terminal,
): Promise<AuditRecord[]> {
  const claimed = grouped(records.filter(isClaimed), ({ execution }) => execution);
  if (claimed.size === 0) return records;
  const times = [...claimed.values()].flatMap(([first]) => Date.parse(first?.started ?? ''));
  const reader = new StartReader(session);
  const starts: Starts = new Map();
  try {
    for (const span of spansAround(times)) {
      terminal.busy(`CloudTrail: ${starts.size} starts of executions`);
      await reader.read(span, starts);
      if (reader.isAtEnd) break;
    }
    if (reader.isAtEnd) {
      terminal.note(
        `CloudTrail has too many calls to look all of them up. Who started the older executions is only what they claim. For proof: a shorter period with --since and --until.`,
      );
    }
  } catch (error) {
    if (!isDenied(error)) throw error;
    terminal.note(
      'You may not look CloudTrail events up (cloudtrail:LookupEvents), so who made a manual request is only what they claim.',
    );
  }
  return records.map((record) => {
    const startedBy = claimed.has(record.execution) ? starts.get(record.execution) : undefined;
    return startedBy ? { ...record, startedBy } : record;
  });
}
