/** A deliberate mistake: pieces of the source, and what stands in their place. */
export interface Mistake {
  name: string;
  changes: { file: string; find: string; replace: string }[];
}
