import type { Action, Drift, PoolView, Row } from '../server/protocol.ts';

type Kind = 'link' | 'unlink';

type Clients = Pick<Row, 'userPoolId' | 'clientId' | 'clients'>;

// To unlink what others removed is to agree that it stays away.
const actions: Record<string, Kind[]> = {
  missing: ['link'],
  removed: ['link', 'unlink'],
  orphaned: ['unlink'],
  uncovered: ['unlink'],
};

/**
 * The actions that resolve a drifted entry. What a request has unlinked is kept away already.
 *
 * @param asked the requests about the entry that wait for approval: none is made twice.
 */
export const actionsFor = (
  { state, isUnlinked }: Pick<Drift, 'state' | 'isUnlinked'>,
  asked: Pick<Row, 'operation'>[] = [],
): Kind[] =>
  (actions[state] ?? []).filter(
    (kind) =>
      (kind === 'link' || !isUnlinked) && !asked.some(({ operation }) => operation === kind),
  );

const isAbout = ({ userPoolId, clientId, clients = [] }: Clients, drift: Drift): boolean =>
  userPoolId === drift.userPoolId &&
  // Each has an id and, if it is known, a name.
  (clientId === drift.clientId || clients.some((each) => each.split(' ')[0] === drift.clientId));

/** The executions that wait for approval of a change of a drifted entry of an identity pool. */
export const waitingFor = (waiting: Row[], identityPoolId: string, drift: Drift): Row[] =>
  drift.needsApproval
    ? waiting.filter((row) => row.waitsIn?.includes(identityPoolId) && isAbout(row, drift))
    : [];

/** The button that asks for approval of an entry's change. Without the permission to link there is none. */
export function approvalNote(drift: Pick<Drift, 'state' | 'isUnlinked'>, mayLink: boolean): string {
  const [kind] = actionsFor(drift);
  if (!mayLink || kind === undefined) return 'needs approval';
  return `${kind === 'link' ? 'Link …' : 'Unlink …'} asks for it`;
}

/** The execution of the same request that waits for approval, so that it need not be made again. */
export const sameWaiting = (waiting: Row[], action: Action): Row | undefined =>
  'clientId' in action
    ? waiting.find(
        ({ operation, userPoolId, clientId }) =>
          operation === action.kind &&
          userPoolId === action.userPoolId &&
          clientId === action.clientId,
      )
    : undefined;

/** How many entries are in a state, in words, and whether all of them are so by request. */
export function countOf(
  state: string,
  count: number,
  { drift, omitted, isAbout }: Pick<PoolView, 'drift' | 'omitted' | 'isAbout'>,
): { word: string; isAsked: boolean } {
  const listed = drift.filter((each) => each.state === state);
  // Those for which a report had no room are not known.
  const isKnown = omitted === undefined || listed.length === count;
  const asked = isKnown ? listed.filter(({ isUnlinked }) => isUnlinked).length : 0;
  const isAsked = asked > 0 && asked === count;
  const why = asked === 0 ? '' : isAsked ? ', by request' : `, ${asked} by request`;
  // Those in the other states are listed.
  const about = isAbout && state === 'linked' ? 'about ' : '';
  return { word: `${about}${count} ${state}${why}`, isAsked };
}

/** How many requests have failed since the identity pool was compared. */
export const failedSince = ({
  failed,
  areMoreFailed,
}: Pick<PoolView, 'failed' | 'areMoreFailed'>): string =>
  `${failed}${areMoreFailed ? ' or more' : ''} failed since`;

/** Whether a repair may change anything: also entries for which the report had no room. */
export const mayRepair = ({ drift, omitted }: Pick<PoolView, 'drift' | 'omitted'>): boolean =>
  omitted !== undefined || drift.some(({ repair }) => repair !== undefined);
