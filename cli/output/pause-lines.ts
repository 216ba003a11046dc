import { styleText } from 'node:util';
import { type Pause, pausedText } from '../../core/write/pause.ts';

/** What an answer says of a pause. */
export interface Paused {
  /** Empty if the pause does not say who made it. */
  paused?: Partial<Pause>;
}

/**
 * The line that comes first while writes are paused.
 *
 * @param resume the command that resumes them.
 */
export const pauseLines = ({ paused }: Paused, resume: string): string[] =>
  paused
    ? [
        `${styleText(['bold', 'yellow'], 'PAUSED')} All writes have been paused ${pausedText(paused)}. To resume: ${resume}`,
      ]
    : [];
