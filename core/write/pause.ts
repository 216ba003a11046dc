import { commandFor } from '../command-line.ts';
import { PausedError } from '../errors.ts';
import { moment } from '../moment.ts';
import { isShape, isText } from '../shape.ts';

/** A person's stop to all writes of a stage. */
export interface Pause {
  /** ISO 8601. */
  since: string;
  /** ARN of the caller who paused. */
  by: string;
  reason: string;
  stage: string;
}

export const isPause = isShape<Pause>(
  { since: isText, by: isText, reason: isText, stage: isText },
  {},
);

/** Both keys of the pause in the table. No identity pool has such an id. */
export const PAUSE = 'pause';

/** Who paused, since when and why, in words. A pause that was made by hand may not say. */
export const pausedText = ({ since, by, reason }: Partial<Pause> = {}): string =>
  since === undefined
    ? 'by hand, without saying why'
    : `since ${moment(since)} by ${by} (${reason})`;

/**
 * The error that says why nothing is written and what to do.
 *
 * @param execution ARN of the execution that would write.
 * @param begun whether an earlier write to the identity pool was made in part, and waits too.
 */
export function pausedError(
  pause: Pause | undefined,
  execution: string,
  begun: boolean,
): PausedError {
  const left = begun
    ? 'and an earlier write to the identity pool that was made in part is neither finished nor taken back: an entry may be there without its role mapping'
    : 'so nothing was written';
  return new PausedError(
    `All writes have been paused ${pausedText(pause)}, ${left}. Once the reason is gone, resume writes and ask again: ${commandFor(execution, 'resume')}`,
  );
}
