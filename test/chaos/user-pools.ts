import type { EmbeddedAws } from 'embedded-aws';
import type { Call } from 'embedded-aws/kernel/call.ts';
import type { AppClient } from 'embedded-aws/services/cognito-idp/pools.ts';
import { START } from './clock.ts';
import type { Scene } from './scene.ts';

// A listing of a few app clients then takes several calls, and faults can happen between them.
const SHORT_PAGE = 1;

/** Makes Cognito list app clients in pages of one, which it may do: MaxResults is an upper limit. */
export function shortenPages({ services }: EmbeddedAws): void {
  const { operations } = services.get('cognito-idp') ?? {};
  const list = operations?.['ListUserPoolClients'];
  if (!operations || !list) throw new Error('There are no user pools.');
  operations['ListUserPoolClients'] = {
    ...list,
    run: (call) => list.run({ ...call, input: { ...call.input, MaxResults: SHORT_PAGE } }),
  };
}

/**
 * Makes listings of app clients lag behind: Cognito does not promise that a listing shows a creation or
 * deletion at once.
 *
 * @param lag in milliseconds; 0 for never.
 */
export function lagListings(
  { aws, clock, count }: Pick<Scene, 'aws' | 'clock' | 'count'>,
  lag: number,
): void {
  const { operations } = aws.services.get('cognito-idp') ?? {};
  const list = operations?.['ListUserPoolClients'];
  const remove = operations?.['DeleteUserPoolClient'];
  if (!operations || !list || !remove) throw new Error('There are no user pools.');
  if (lag === 0) return;
  const poolOf = ({ input }: Call) => aws.userPools.find(String(input['UserPoolId']));
  /** The deleted app clients by user pool, with the time of the deletion. */
  const deleted = new Map<string, { client: AppClient; at: number }[]>();
  operations['DeleteUserPoolClient'] = {
    ...remove,
    run: (call) => {
      const pool = poolOf(call);
      const client = pool?.clients.get(String(call.input['ClientId']));
      const answer = remove.run(call);
      if (pool && client) {
        deleted.set(pool.id, [...(deleted.get(pool.id) ?? []), { client, at: clock.elapsed }]);
      }
      return answer;
    },
  };
  operations['ListUserPoolClients'] = {
    ...list,
    run: (call) => {
      const pool = poolOf(call);
      if (!pool) return list.run(call);
      const now = pool.clients;
      const still = (deleted.get(pool.id) ?? []).filter(({ at }) => clock.elapsed - at < lag);
      const isOld = ({ CreationDate }: AppClient) =>
        START + clock.elapsed - CreationDate * 1000 >= lag;
      const shown = [...now.values(), ...still.map(({ client }) => client)].filter(isOld);
      if (shown.length !== now.size || still.length > 0) count('laggingListing');
      const clients = new Map(shown.map((client) => [client.ClientId, client]));
      try {
        Object.assign(pool, { clients });
        return list.run(call);
      } finally {
        Object.assign(pool, { clients: now });
      }
    },
  };
}

/** Fills a user pool with app clients that have existed for a long time: no event reports them. */
export function fill({ userPools }: EmbeddedAws, userPoolId: string, count: number): void {
  const pool = userPools.find(userPoolId);
  if (!pool) throw new Error(`There is no user pool ${userPoolId}.`);
  const made = Date.now() / 1000;
  for (let i = 0; i < count; i++) {
    const ClientId = `old${String(i).padStart(23, '0')}`;
    pool.clients.set(ClientId, {
      UserPoolId: userPoolId,
      ClientId,
      ClientName: `old-${i}`,
      CreationDate: made,
      LastModifiedDate: made,
      RefreshTokenValidity: 30,
      TokenValidityUnits: {},
      EnableTokenRevocation: true,
      AuthSessionValidity: 3,
    });
  }
}
