import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../../cli/output/exit.ts';
import type { Session } from '../../cli/session.ts';
import { Pauses } from '../../cli/settings/pauses.ts';
import { pausedText } from '../../core/write/pause.ts';
import type { Prepared } from './prepared.ts';

/** The plan of a pause. A pause that is there already stays as it is: it names the person to ask. */
export async function pausePlan(session: Session, stage: string): Promise<Prepared> {
  const pauses = new Pauses(session, stage);
  const earlier = await pauses.find();
  const about = { ability: 'pause', title: 'Pause all writes?', verb: 'Pause' } as const;
  if (earlier) {
    const sentences = [`All writes have been paused already, ${pausedText(earlier.pause)}.`];
    return { ...about, reason: 'none', sentences, results: [] };
  }
  const rules = await pauses.rules();
  return {
    ...about,
    reason: 'needed',
    sentences: [
      `All writes of the stage ${stage} to identity pools stop at once. A write that has begun ends within 20 seconds. Dry runs work.`,
      rules.length > 0
        ? `Rules that are disabled until writes are resumed: ${rules.join(', ')}.`
        : 'No rule is enabled.',
    ],
    results: [],
    carryOut: async (reason) => {
      const meanwhile = await pauses.find();
      await pauses.pause(reason);
      return {
        message: meanwhile
          ? `All writes had been paused meanwhile, ${pausedText(meanwhile.pause)}, so your reason is not kept.`
          : 'All writes are paused.',
      };
    },
  };
}

/** The plan that ends a pause, and no other pause than the one that it shows. */
export async function resumePlan(session: Session, stage: string): Promise<Prepared> {
  const pauses = new Pauses(session, stage);
  const found = await pauses.find();
  const about = { ability: 'pause', title: 'Resume writes?', verb: 'Resume' } as const;
  if (!found) {
    return { ...about, reason: 'none', sentences: ['Writes are not paused.'], results: [] };
  }
  return {
    ...about,
    reason: 'none',
    sentences: [
      `All writes have been paused ${pausedText(found.pause)}.`,
      `Rules that are enabled again: ${found.rules.join(', ') || 'none'}. A repair links what was missed in the meantime.`,
    ],
    results: [],
    carryOut: async () => {
      const now = await pauses.find();
      if (!now) return { message: 'Writes had been resumed meanwhile.' };
      if (!isDeepStrictEqual(now.pause, found.pause)) {
        throw new Failure(
          'PlanGoneError',
          `Another pause is in force, ${pausedText(now.pause)}, so writes are not resumed. If its reason is gone too, make the plan again.`,
        );
      }
      await pauses.resume();
      return {
        message: 'Writes are resumed. A check for drift finds what was missed in the meantime.',
      };
    },
  };
}
