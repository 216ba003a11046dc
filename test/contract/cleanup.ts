import { remove } from './kinds.ts';
import type { Manifest, Thing } from './manifest.ts';
import type { Place } from './place.ts';

/** Something that could not be removed, and why. */
export interface Stuck {
  thing: Thing;
  reason: string;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/**
 * Removes everything that is left in a manifest, the latest first, and then the manifest. What can't
 * be removed stays in it, and does not block the rest.
 *
 * @param placeOf gives the place where something was made.
 */
export async function cleanUp(
  manifest: Manifest,
  placeOf: (thing: Thing) => Promise<Place>,
): Promise<Stuck[]> {
  const stuck: Stuck[] = [];
  for (const thing of manifest.left()) {
    try {
      await remove(await placeOf(thing), thing);
      manifest.removed(thing);
    } catch (error) {
      stuck.push({ thing, reason: reasonOf(error) });
    }
  }
  if (stuck.length === 0) manifest.forget();
  return stuck;
}
