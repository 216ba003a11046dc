/** A deliberate mistake: parts of the source, and their replacements. */
export interface Mistake {
  name: string;
  changes: { file: string; find: string; replace: string }[];
}
