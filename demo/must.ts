/**
 * Holds the story to what it says.
 *
 * @param what what happened in its place.
 * @throws unless it holds.
 */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The story went otherwise: ${what}.`);
}
