import {
  DeleteUserPoolClientCommand,
  ListUserPoolClientsCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { LAG_MS } from '../../../core/write/marks.ts';
import { saw } from '../outcome.ts';
import { ASSUMPTION, type Probe, type Seen } from '../probe.ts';
import type { World } from '../world.ts';

const QUOTAS = 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html';

/** A user pool that no other probe calls, so that only this file affects its rates and its list. */
const quietPool = (world: World): Promise<string> =>
  world.shared('quiet user pool', () => world.userPool());

const listed = (world: World, UserPoolId: string) =>
  world.userPools.send(new ListUserPoolClientsCommand({ UserPoolId, MaxResults: 60 }));

// The calls of one operation on one user pool that AWS grants per second.
const BURST = 5;

export const poolBurst: Probe = {
  name: 'pool-burst',
  does: `Lists the app clients of a separate user pool ${BURST} times at once. Only this user pool can be throttled.`,
  beliefs: [
    {
      about: `${BURST} calls of one operation on one user pool at once`,
      believed: 'accepted',
      source: `${ASSUMPTION}: ${QUOTAS} grants ${BURST} a second and says nothing about a burst; aws/clients/user-pools.ts paces its calls accordingly`,
    },
  ],
  async observe(world) {
    const pool = await quietPool(world);
    const answers = await Promise.all(Array.from({ length: BURST }, () => listed(world, pool)));
    // The SDK repeats a throttled call.
    const repeated = answers.filter(({ $metadata }) => ($metadata.attempts ?? 1) > 1);
    const [answer = { $metadata: {} }] = [...repeated, ...answers];
    const detail = `${BURST - repeated.length} of ${BURST} at the first attempt`;
    const seen = saw(repeated.length === 0 ? 'accepted' : 'refused', answer, detail);
    return { [`${BURST} calls of one operation on one user pool at once`]: seen };
  },
};

const IN_TIME = `within ${LAG_MS / 1000} s`;
const CREATED = 'a new app client, in ListUserPoolClients';
const DELETED = 'an app client that was deleted, gone from ListUserPoolClients';

export const listingLag: Probe = {
  name: 'listing-lag',
  does: 'Makes an app client and deletes it, and lists the app clients after each until the list shows it.',
  beliefs: [CREATED, DELETED].map((about) => ({
    about,
    believed: IN_TIME,
    source: `${ASSUMPTION}: AWS does not say how consistent the list is; core/write/marks.ts gives it a minute`,
  })),
  async observe(world) {
    const pool = await quietPool(world);
    const ClientId = await world.appClient(pool);
    const look = async (isThere: boolean): Promise<Seen> => {
      const since = Date.now();
      const shown = await world.eventually(async () => {
        const answer = await listed(world, pool);
        const ids = (answer.UserPoolClients ?? []).map((client) => client.ClientId);
        return ids.includes(ClientId) === isThere ? answer : undefined;
      }, 2 * LAG_MS);
      if (!shown) return { seen: `not within ${(2 * LAG_MS) / 1000} s` };
      const ms = Date.now() - since;
      return saw(ms <= LAG_MS ? IN_TIME : 'later', shown, `after ${ms} ms`);
    };
    const created = await look(true);
    await world.userPools.send(new DeleteUserPoolClientCommand({ UserPoolId: pool, ClientId }));
    return { [CREATED]: created, [DELETED]: await look(false) };
  },
};
