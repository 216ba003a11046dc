import { type Checked, check, type Model } from './checker.ts';
import { CLIENTS, entriesOf, MAPPING } from './decisions.ts';
import { PRODUCT, type Protocol } from './protocol.ts';
import { keyOf, type Process, type State } from './state.ts';
import { isWriting, surroundings } from './surroundings.ts';
import { type Bound, bit, processOf, Turn, World } from './world.ts';
import { movesOf } from './writer.ts';

/** How the ledger or the role mappings disagree with the entries, if they do. */
function disagreement({ pool, ledger }: State): string | undefined {
  for (const [client, { known }] of ledger.entries()) {
    const isThere = (pool & bit(client)) !== 0;
    const name = CLIENTS[client as 0 | 1];
    if (isThere !== (known === 'linked')) {
      return `no write is known as unsettled, but the entry of ${name} is ${isThere ? '' : 'not '}there, and the ledger has ${known}`;
    }
  }
  const isMapped = (pool & MAPPING) !== 0;
  if (isMapped === ((pool & 1) !== 0)) return undefined;
  return `no write is known as unsettled, but A has ${isMapped ? 'only its role mapping' : 'no role mapping'}`;
}

/** Whether a deleted app client is linked after its deletion was done, while no process holds the lease. */
function revived({ bound }: World, { pool, lease, processes }: State): string | undefined {
  const isLeft = bound.requests.some(
    (request, number) =>
      request.deleted && (pool & entriesOf(request)) !== 0 && isAnswered(processes[number]),
  );
  return isLeft && lease.nonce === 0 ? 'what was deleted is there after its deletion' : undefined;
}

function wrong(world: World, state: State): string | undefined {
  if (state.processes.filter(isWriting).length > 1) return 'two writers write at the same time';
  if (state.lease.writing) return undefined;
  return disagreement(state) ?? revived(world, state);
}

/** Whether an execution may have done its request; a killed one may not know that it did. */
const mayBeDone = ({ outcome }: Process, wasKilled: boolean): boolean =>
  outcome !== 'NOT_LINKED' || wasKilled;
const isDone = ({ outcome }: Process): boolean =>
  outcome === 'LINKED' || outcome === 'ALREADY_LINKED' || outcome === 'UNLINKED';

const isAnswered = (process?: Process): boolean =>
  process?.step === 'ended' && (isDone(process) || process.outcome === 'NOT_LINKED');

/**
 * Whether the final state of an app client is what the last request about it asked for. The order is that of
 * the requests and their answers; for requests that waited together, it is the order of their tickets.
 */
function unexplained(world: World, state: State, client: number): string | undefined {
  const { crash, stall } = world.bound.faults;
  const wasKilled = state.faults.crash + state.faults.stall < crash + stall;
  const name = CLIENTS[client as 0 | 1];
  const isThere = (state.pool & bit(client)) !== 0;
  const about = world.bound.requests
    .map((request, number) => ({ ...request, number, process: processOf(state, number) }))
    .filter((each) => (entriesOf(each) & bit(client)) !== 0);
  // A deletion wins over all other requests.
  if (about.some(({ deleted }) => deleted)) return undefined;
  const wanted = isThere ? 'link' : 'unlink';
  const causes = about.filter(
    ({ operation, process }) => operation === wanted && mayBeDone(process, wasKilled),
  );
  const isExplained = (number: number): boolean =>
    causes.some((cause) => ((state.after[number] ?? 0) & bit(cause.number)) === 0);
  const other = about.find(
    ({ operation, process, number }) =>
      operation !== wanted && isDone(process) && !isExplained(number),
  );
  return (
    other &&
    `${other.process.outcome} was reported by “${world.nameOf(other.number)}”, which came last, and ${name} is ${isThere ? '' : 'not '}there at the end`
  );
}

function wrongAtEnd(world: World, state: State): string | undefined {
  if (state.lease.writing) return 'a write is unsettled at the end';
  const missing = [...world.existing].find((name) => {
    const client = name === 'A' ? 0 : 1;
    return (state.pool & bit(client)) === 0 && state.ledger[client]?.known === 'nothing';
  });
  if (missing !== undefined) return `${missing} is missing at the end`;
  return unexplained(world, state, 0) ?? unexplained(world, state, 1);
}

/** The model of a bound, with the protocol of the product or one with a mistake. */
function modelOf(bound: Bound, protocol: Protocol = PRODUCT): Model<State> {
  const world = new World(bound, protocol);
  const isEnd = (state: State): boolean => processOf(state, world.last).step === 'ended';
  return {
    initial: world.initial(),
    key: keyOf,
    isEnd,
    wrong: (state) => wrong(world, state) ?? (isEnd(state) ? wrongAtEnd(world, state) : undefined),
    moves: (state) => [
      ...state.processes.flatMap((_, number) => movesOf(new Turn(world, state, number))),
      ...surroundings(world, state),
    ],
  };
}

/** Checks all states of a bound. */
export const checked = (bound: Bound, protocol?: Protocol): Checked<State> =>
  check(modelOf(bound, protocol));
