import { isDenied } from '../../cli/denied.ts';
import type { Session } from '../../cli/session.ts';
import { Pauses } from '../../cli/settings/pauses.ts';
import { pausedText } from '../../core/write/pause.ts';
import type { Abilities } from './abilities.ts';

/**
 * The pause as text; undefined if there is none, or if the caller may not read it, which is recorded.
 *
 * @throws if it could not be read: then it is not known that there is none.
 */
export async function pausedSince(
  session: Session,
  stage: string,
  abilities: Abilities,
): Promise<string | undefined> {
  try {
    const found = await new Pauses(session, stage).find();
    abilities.allow('seePause');
    return found && pausedText(found.pause);
  } catch (error) {
    if (!isDenied(error)) throw error;
    abilities.record('seePause', error);
    return undefined;
  }
}
