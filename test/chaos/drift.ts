import type { EmbeddedAws } from 'embedded-aws';
import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import { type Accounts, HOME, POOLS, providerNameOf, RESTORED, USER_POOLS } from './accounts.ts';
import { DriftRecords } from './drift-records.ts';
import { ForeignEvents } from './foreign-events.ts';
import type { Pools } from './pools.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';

const MINUTE = 60_000;
// When a war ends, in milliseconds.
const WAR_ENDS = 35 * MINUTE;
// In seconds: one sweep then has time for about half of the user pools.
const SWEEP_TIMEOUT = 16;
// The name of app clients that no event reports.
const HIDDEN = 'hidden';

/** An app client. Times are in milliseconds. */
interface Client {
  userPoolId: string;
  clientId: string;
  createdAt: number;
  deletedAt?: number;
}

/** Many foreign writes to one identity pool. */
interface Storm {
  poolId: string;
  from: number;
  to: number;
}

export const keyOf = ({ userPoolId, clientId }: Pick<Client, 'userPoolId' | 'clientId'>): string =>
  entryKey({ ProviderName: providerNameOf(userPoolId), ClientId: clientId });

/** What others do to identity pools, and app clients that no event reports. */
export class Drift {
  readonly #scene: Scene;
  readonly #accounts: Accounts;
  readonly #pools: Pools;
  /** A separate sequence, so that drift does not change what else a seed draws. */
  readonly #random: Random;
  readonly records: DriftRecords;
  /** The app clients whose entries are restored. */
  readonly restored: Client[] = [];
  readonly storms: Storm[] = [];
  /** The app clients that no event reports. Only a sweep finds them. */
  readonly hidden: Client[] = [];

  constructor(scene: Scene, accounts: Accounts, pools: Pools, seed: number) {
    this.#scene = scene;
    this.#accounts = accounts;
    this.#pools = pools;
    this.#random = new Random(seed + 5_000_503);
    this.records = new DriftRecords(scene.aws, () => scene.clock.elapsed);
  }

  /** Schedules what the seed has drawn. */
  schedule(): void {
    const plots = ['removal', 'removal', 'war', 'war', 'storm', 'sweep'] as const;
    const plot = this.#random.chance(0.15) ? this.#random.pick(plots) : undefined;
    if (plot === 'sweep') this.#hide();
    else stopSweeps(this.#scene.aws);
    if (plot === undefined || plot === 'sweep') return;
    const events = new ForeignEvents(this.#scene, this.#random);
    this.#pools.afterForeignWrite = (pool) => events.report(pool);
    if (plot === 'storm') this.#at(() => this.#storm(), 0, MINUTE);
    else for (let i = this.#random.between(1, 2); i > 0; i--) this.#begin(plot);
  }

  #at(action: () => unknown, from: number, to: number): void {
    setTimeout(() => void action(), this.#random.between(from, to));
  }

  /** Creates an app client whose entry others then remove, and to which people may do more. */
  #begin(plot: 'removal' | 'war'): void {
    const remove = plot === 'war' ? (client: Client) => this.#war(client) : undefined;
    this.#at(
      async () => {
        const client = await this.#create(RESTORED.userPool, 'restored');
        this.restored.push(client);
        if (remove) this.#at(() => remove(client), 5000, MINUTE);
        else {
          for (let i = this.#random.between(1, 2); i > 0; i--)
            this.#at(() => this.#remove(client), 2000, 10 * MINUTE);
        }
        const isWar = plot === 'war';
        if (this.#random.chance(isWar ? 0.5 : 0.1)) {
          this.#at(() => this.#ask('link', client), 10 * MINUTE, WAR_ENDS);
        }
        if (this.#random.chance(isWar ? 0.15 : 0.3)) {
          this.#at(() => this.#ask('unlink', client), 5000, isWar ? WAR_ENDS : 3 * MINUTE);
        }
        if (this.#random.chance(0.1)) this.#at(() => this.#delete(client), 5000, 10 * MINUTE);
      },
      0,
      MINUTE,
    );
  }

  async #create(userPoolId: string, ClientName: string): Promise<Client> {
    const { clock, observer, tell } = this.#scene;
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: userPoolId,
      ClientName,
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId: clientId } = UserPoolClient;
    observer.ask('link', [POOLS[0]], providerNameOf(userPoolId), clientId);
    tell(`someone creates the app client ${clientId} (${ClientName}) in ${userPoolId}`);
    return { userPoolId, clientId, createdAt: clock.elapsed };
  }

  async #delete(client: Client): Promise<void> {
    const { clock, observer, tell } = this.#scene;
    const { userPoolId, clientId } = client;
    tell(`someone deletes the app client ${clientId} in ${userPoolId}`);
    observer.ask('unlink', [POOLS[0]], providerNameOf(userPoolId), clientId);
    client.deletedAt = clock.elapsed;
    const input = { UserPoolId: userPoolId, ClientId: clientId };
    await this.#accounts.asA('cognito-idp', 'DeleteUserPoolClient', input);
  }

  /** A person asks for a link or an unlink. */
  async #ask(operation: 'link' | 'unlink', client: Client): Promise<void> {
    if (client.deletedAt !== undefined) return;
    const { userPoolId, clientId } = client;
    this.#scene.tell(`someone asks to ${operation} ${clientId}`);
    this.#scene.observer.ask(operation, [POOLS[0]], providerNameOf(userPoolId), clientId);
    await this.#accounts.asA('states', 'StartExecution', {
      stateMachineArn: this.#accounts.machineArn,
      input: JSON.stringify({ operation, userPoolId, clientId }),
    });
  }

  #remove(client: Client): boolean {
    const isRemoved = this.#pools.remove(RESTORED.pool, keyOf(client));
    if (isRemoved) this.#scene.count('removal');
    return isRemoved;
  }

  /** Removes an entry each time it is there again. */
  #war(client: Client): void {
    const pause = this.#random.between(5000, 2 * MINUTE);
    let removals = 0;
    const strike = () => {
      const isRemoved = this.#remove(client);
      if (isRemoved) removals++;
      if (isRemoved && removals === 2) this.#scene.count('war');
      if (this.#scene.clock.elapsed < WAR_ENDS) setTimeout(strike, pause);
    };
    strike();
  }

  /** Makes many foreign writes to one identity pool within a minute. */
  #storm(): void {
    const poolId = this.#random.pick(POOLS);
    const from = this.#scene.clock.elapsed;
    this.#scene.count('storm');
    this.storms.push({ poolId, from, to: from + MINUTE });
    const writes = this.#random.between(40, 100);
    for (let i = 0; i < writes; i++) {
      const rename = () =>
        this.#pools.change(poolId, 'renames', (pool) => {
          pool.IdentityPoolName = `storm${i}`;
        });
      this.#at(rename, 0, MINUTE);
    }
  }

  /** Creates app clients without an event, and deletes some of them again in the same way. */
  #hide(): void {
    const { aws } = this.#scene;
    const sweep = aws.functions.all().find(({ name }) => name === 'poolbridge-dev-Sweep');
    if (!sweep) throw new Error('There is no function Sweep.');
    sweep.timeout = SWEEP_TIMEOUT;
    const emit = aws.emit;
    aws.emit = (account, region, event) => {
      const text = JSON.stringify(event.detail);
      const isHidden =
        text.includes(`"${HIDDEN}"`) || this.hidden.some((each) => text.includes(each.clientId));
      if (!isHidden) emit(account, region, event);
    };
    const hide = async () => {
      this.#scene.count('hidden');
      const userPoolId = this.#random.pick([USER_POOLS[0], RESTORED.userPool]);
      const client = await this.#create(userPoolId, HIDDEN);
      this.hidden.push(client);
      // Three sweeps come before that, and three after it.
      if (this.#random.chance(0.4)) this.#at(() => this.#delete(client), 46 * MINUTE, 52 * MINUTE);
    };
    for (let i = this.#random.between(1, 2); i > 0; i--) this.#at(hide, 0, MINUTE);
  }
}

/** Removes the schedule of the sweep, which would take most of the time of a seed. */
export function stopSweeps({ buses }: EmbeddedAws): void {
  const bus = buses.find(`arn:aws:events:${HOME.region}:${HOME.account}:event-bus/default`);
  const rule = bus?.rules.get('poolbridge-dev-sweep');
  if (!rule) throw new Error('No rule starts the sweep.');
  buses.remove(rule);
}
