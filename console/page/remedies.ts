import type { Drift } from '../server/protocol.ts';

type Kind = 'link' | 'unlink';

// To unlink what others removed is to agree that it stays away.
const remedies: Record<string, Kind[]> = {
  missing: ['link'],
  removed: ['link', 'unlink'],
  orphaned: ['unlink'],
  uncovered: ['unlink'],
};

/** The actions that resolve a drifted entry. What a request has unlinked is kept away already. */
export const remediesOf = ({ state, isUnlinked }: Pick<Drift, 'state' | 'isUnlinked'>): Kind[] =>
  (remedies[state] ?? []).filter((kind) => kind === 'link' || !isUnlinked);
