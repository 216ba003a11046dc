import type { Drift, PoolView } from '../server/protocol.ts';

/** Whether an identity pool drifts now as an earlier reconcile has found it, so that an action may still resolve it. */
export const isStillThere = (
  pools: PoolView[],
  identityPoolId: string,
  { state, userPoolId, clientId, issuer, isUnlinked }: Drift,
): boolean =>
  pools.some(
    (pool) =>
      pool.identityPoolId === identityPoolId &&
      pool.drift.some(
        (now) =>
          now.state === state &&
          now.userPoolId === userPoolId &&
          now.clientId === clientId &&
          now.issuer === issuer &&
          now.isUnlinked === isUnlinked,
      ),
  );
