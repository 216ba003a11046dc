import type { Call } from 'embedded-aws/kernel/call.ts';
import {
  entriesOf,
  entryKey,
  type IdentityPool,
  type Provider,
} from '../../core/identity-pool/identity-pool.ts';
import { foreignEntry, POOLS } from './accounts.ts';
import { sendings } from './network.ts';
import type { Scene } from './scene.ts';
import type { Version } from './versions.ts';

/** The identity pools: what Cognito shows of them, and what foreign writers change in them. */
export class Pools {
  readonly #scene: Scene;

  /** The version that a script makes Cognito show. */
  shownBy?: (poolId: string) => Version | undefined;

  /** What happens after each foreign write, such as its event. */
  afterForeignWrite?: (pool: IdentityPool) => void;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Wraps the operations of identity pools to show old states and to observe every write. */
  watch(): void {
    const operations = this.#scene.aws.services.get('cognito-identity')?.operations ?? {};
    const { DescribeIdentityPool: describe, UpdateIdentityPool: update } = operations;
    if (!describe || !update) throw new Error('There are no identity pools.');
    const { run: describeNow } = describe;
    const { run: updateNow } = update;
    const executionOf = ({ principal }: Call) =>
      principal?.kind === 'role' ? principal.session.name : 'unknown';
    operations['DescribeIdentityPool'] = {
      ...describe,
      run: async (call) => {
        await describeNow(call);
        const poolId = String(call.input['IdentityPoolId']);
        const version = this.shownBy?.(poolId) ?? this.#versionShown(poolId);
        const sending = sendings.getStore();
        if (sending) sending.shown = this.#scene.observer.seen(version);
        return structuredClone(version.state);
      },
    };
    operations['UpdateIdentityPool'] = {
      ...update,
      run: async (call) => {
        const answer = await updateNow(call);
        const { pool } = this.#scene.aws.identityPools.find(String(call.input['IdentityPoolId']));
        this.#scene.observer.ourWrite(sendings.getStore(), pool, executionOf(call));
        return answer;
      },
    };
  }

  #versionShown(poolId: string): Version {
    const latest = this.#scene.observer.latest(poolId);
    const { staleFor } = this.#scene.faults;
    const age = this.#scene.clock.elapsed - latest.at;
    const before = this.#scene.observer.versions(poolId).at(-2);
    if (!before || age >= staleFor || this.#scene.random.chance(0.5)) return latest;
    this.#scene.tell(`Cognito shows ${poolId.slice(-4)} as it was ${age} ms ago`);
    return before;
  }

  /** Writes without the lease, as the AWS console or `terraform apply` does. */
  foreignWrite(): void {
    const poolId = this.#scene.random.pick(POOLS);
    const what = this.#scene.random.between(0, 5);
    const names = [
      'renames',
      'switches the classic flow',
      'tags',
      'adds an entry',
      'drops what is not its own',
      'switches guests',
    ];
    this.change(poolId, `${names[what]}`, (pool) => this.#change(pool, what));
  }

  #change(pool: IdentityPool, what: number): void {
    const entries = entriesOf(pool);
    const isForeign = ({ ClientId }: Provider) => ClientId?.startsWith('foreign');
    if (what === 0) pool.IdentityPoolName = `renamed${this.#scene.random.between(0, 99)}`;
    if (what === 1) pool.AllowClassicFlow = !pool.AllowClassicFlow;
    if (what === 2) pool.IdentityPoolTags = { team: `t${this.#scene.random.between(0, 99)}` };
    if (what === 3) {
      pool.CognitoIdentityProviders = [
        ...entries,
        foreignEntry(this.#scene.random, this.#scene.random.between(100, 999)),
      ];
    }
    if (what === 4) pool.CognitoIdentityProviders = entries.filter(isForeign);
    if (what === 5) pool.AllowUnauthenticatedIdentities = !pool.AllowUnauthenticatedIdentities;
  }

  /** Changes an identity pool without the lease. */
  change(poolId: string, what: string, change: (pool: IdentityPool) => void): void {
    const stored = this.#scene.aws.identityPools.find(poolId);
    const pool: IdentityPool = structuredClone(stored.pool);
    change(pool);
    stored.pool = pool;
    this.#scene.observer.foreignWrite(pool);
    this.#scene.tell(`a foreign writer ${what} in ${poolId.slice(-4)}`);
    this.afterForeignWrite?.(pool);
  }

  /** Removes an entry as a foreign writer, if it is there. Returns whether it was. */
  remove(poolId: string, key: string): boolean {
    const { pool } = this.#scene.aws.identityPools.find(poolId);
    const isMeant = (entry: Provider) => entryKey(entry) === key;
    if (!entriesOf(pool).some(isMeant)) return false;
    this.change(poolId, `removes ${key.split(' ')[1]}`, (changed) => {
      changed.CognitoIdentityProviders = entriesOf(changed).filter((each) => !isMeant(each));
    });
    return true;
  }
}
