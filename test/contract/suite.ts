import { type Probe, type Row, rowsFrom, rowsOfError } from './probe.ts';
import { listingLag, poolBurst } from './probes/app-clients.ts';
import { classicFlow } from './probes/classic-flow.ts';
import { delivery, inputTransformer } from './probes/delivery.ts';
import { duplicates, entries, order, quota } from './probes/entries.ts';
import { guests } from './probes/guests.ts';
import { issuer } from './probes/issuer.ts';
import { busPermissions, disabledRegion, tagPermissions } from './probes/permissions.ts';
import { rates } from './probes/rates.ts';
import { eventHistory } from './probes/records.ts';
import { refresh } from './probes/refresh.ts';
import { leftBehind, noPrincipalTags, roleMappings } from './probes/roles.ts';
import { linkedLogin, newLink, refusedIdentities, refusedTokens } from './probes/sign-in.ts';
import { stateMachine } from './probes/state-machine.ts';
import { tags } from './probes/tags.ts';
import { tokenCheck } from './probes/token-check.ts';
import { organizationTrail } from './probes/trails.ts';
import { trust } from './probes/trust.ts';
import {
  missingPool,
  names,
  omittedMembers,
  readAfterWrite,
  sentBackWhole,
  stackPool,
} from './probes/update.ts';
import type { World } from './world.ts';

/** Every probe; the slowest is last. */
export const probes: Probe[] = [
  omittedMembers,
  sentBackWhole,
  names,
  missingPool,
  readAfterWrite,
  stackPool,
  entries,
  order,
  duplicates,
  quota,
  tags,
  roleMappings,
  leftBehind,
  noPrincipalTags,
  linkedLogin,
  newLink,
  refusedTokens,
  refusedIdentities,
  tokenCheck,
  guests,
  classicFlow,
  refresh,
  issuer,
  trust,
  tagPermissions,
  busPermissions,
  disabledRegion,
  organizationTrail,
  rates,
  poolBurst,
  listingLag,
  stateMachine,
  delivery,
  inputTransformer,
  eventHistory,
];

/** Rejects when a run is interrupted, even while a probe waits for AWS. */
const interruption = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(new Error('The run was interrupted.'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

async function observed(probe: Probe, world: World): Promise<Row[]> {
  try {
    return rowsFrom(probe, await probe.observe(world));
  } catch (error) {
    if (error instanceof Error) return rowsOfError(probe, error);
    throw error;
  }
}

/**
 * Runs probes one after the other.
 *
 * @param report gets the lines of each probe when it ends.
 * @throws Error once the signal of the world aborts.
 */
export async function run(
  world: World,
  chosen: Probe[],
  report: (rows: Row[]) => void,
): Promise<void> {
  const interrupted = interruption(world.signal);
  interrupted.catch(() => {});
  for (const probe of chosen) {
    world.progress(probe.does);
    report(await Promise.race([observed(probe, world), interrupted]));
  }
}
