import { AwsError } from '../../kernel/errors.ts';

const MINUTE = 60_000;
const units: Record<string, number> = { minute: MINUTE, hour: 60 * MINUTE, day: 1440 * MINUTE };

// A longer delay would fire immediately: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Parses a schedule, as PutRule does.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 *
 * @returns the period of a rate in milliseconds; undefined for cron.
 * @throws AwsError ValidationException for anything else.
 */
export function parseSchedule(expression: string): number | undefined {
  if (/^cron\(\s*\S+(\s+\S+){5}\s*\)$/.test(expression)) return undefined;
  const [, count, unit = '', plural] =
    /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const period = Number(count) * (units[unit] ?? 0);
  // EventBridge requires `1 minute` but `2 minutes`.
  if (period > 0 && (count === '1') === (plural === '')) return period;
  throw new AwsError('ValidationException', 'Parameter ScheduleExpression is not valid.');
}

/**
 * Calls a function periodically. Does not keep the process alive.
 *
 * @param period in milliseconds.
 * @returns a function that stops it.
 */
export function every(period: number, run: () => void): () => void {
  let due = Date.now() + period;
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(tick, Math.min(due - Date.now(), LONGEST_TIMER)).unref();
  };
  const tick = () => {
    if (Date.now() >= due) {
      due += period;
      run();
    }
    wait();
  };
  wait();
  return () => clearTimeout(timer);
}
