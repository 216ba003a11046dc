import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import type { Link } from '../../core/links/links.ts';
import {
  ACCOUNT_A,
  type Accounts,
  HOME,
  MAPPED,
  providerNameOf,
  TAGGED,
  USER_POOLS,
} from './accounts.ts';
import type { People } from './people.ts';
import { Random } from './random.ts';
import type { Scene } from './scene.ts';

// How long after a change of a user pool's tags a write may still be sent by the old tags, in milliseconds: as
// long as the function that read them runs. The write may take effect even later.
const OLD_TAGS = 20_000;

/** Changes links and tags while the service runs, and forges deletions. */
export class Disturbances {
  readonly #scene: Scene;
  readonly #accounts: Accounts;
  readonly #people: People;
  readonly #links: Record<string, Link>;
  /** A separate sequence, so that the disturbances do not change what else a seed draws. */
  readonly #random: Random;
  /** The app clients of the user pool that a link covers by tags. */
  readonly #tagged: string[] = [];
  /** When the tags of that user pool changed, and whether the link covered it afterwards. */
  readonly #tagging: { at: number; isCovered: boolean }[] = [];

  constructor(
    scene: Scene,
    {
      accounts,
      people,
      links,
    }: { accounts: Accounts; people: People; links: Record<string, Link> },
    seed: number,
  ) {
    this.#scene = scene;
    this.#accounts = accounts;
    this.#people = people;
    this.#links = links;
    this.#random = new Random(seed + 4_000_037);
  }

  /** Schedules what the seed has drawn. */
  schedule(): void {
    const within = this.#random.pick([3000, 15_000, 60_000]);
    const at = (action: () => Promise<void> | void, from: number, to: number) =>
      setTimeout(() => void action(), this.#random.between(from, to));
    if (this.#random.chance(0.2)) at(() => this.#forgeDeletion(), 2000, within + 10_000);
    if (this.#random.chance(0.25)) at(() => this.#changeLink(), 0, within);
    if (!this.#random.chance(0.25)) return;
    for (let i = this.#random.between(1, 2); i > 0; i--) at(() => this.#createTagged(), 0, within);
    let covered = true;
    for (let i = this.#random.between(1, 3), from = 0; i > 0; i--, from += within / 2) {
      covered = !covered;
      const isCovered = covered;
      at(() => this.#changeTags(isCovered), from, from + within / 2);
    }
  }

  /** Someone starts an execution whose input claims that CloudTrail recorded a deletion. */
  async #forgeDeletion(): Promise<void> {
    const { aws, faults, clock, tell, count } = this.#scene;
    const oldest = Date.now() / 1000 - faults.lag / 1000;
    const living = this.#people.clients.filter(({ userPoolId, clientId }) => {
      const client = aws.userPools.find(userPoolId)?.clients.get(clientId);
      return client !== undefined && client.CreationDate < oldest;
    });
    const isWhole = living.length === 0 || this.#random.chance(0.4);
    const victim = isWhole
      ? { userPoolId: this.#random.pick(USER_POOLS) }
      : this.#random.pick(living);
    const { userPoolId } = victim;
    const clientId = 'clientId' in victim ? { clientId: victim.clientId } : {};
    tell(`someone claims that ${'clientId' in victim ? victim.clientId : userPoolId} was deleted`);
    count('forgedDeletion');
    const request = { operation: 'unlink', userPoolId, ...clientId };
    const requestedBy = {
      via: 'cloudtrail',
      principalArn: `arn:aws:iam::${ACCOUNT_A}:user/forger`,
      eventId: `forged-${clock.elapsed}`,
      time: new Date().toISOString(),
      account: ACCOUNT_A,
      region: HOME.region,
    };
    await this.#accounts.asA('states', 'StartExecution', {
      stateMachineArn: this.#accounts.machineArn,
      input: JSON.stringify({ request, requestedBy }),
    });
  }

  /** Someone deploys Poolbridge again with different principal tags in a link. */
  #changeLink(): void {
    const link = this.#links[MAPPED.link];
    if (!link) throw new Error(`links.yml has no link ${MAPPED.link}.`);
    this.#scene.tell(`someone deploys different principal tags for the link ${MAPPED.link}`);
    this.#scene.count('tagsOfLink');
    link.principalTags = { username: 'sub' };
  }

  async #createTagged(): Promise<void> {
    const { UserPoolClient } = (await this.#accounts.asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: TAGGED.userPool,
      ClientName: 'tagged',
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId } = UserPoolClient;
    this.#scene.tell(`someone creates ${ClientId}, which is linked by the tags of its user pool`);
    this.#scene.observer.ask('link', [TAGGED.pool], providerNameOf(TAGGED.userPool), ClientId);
    this.#tagged.push(ClientId);
  }

  async #changeTags(isCovered: boolean): Promise<void> {
    const { clock, tell, count } = this.#scene;
    const ResourceArn = `arn:aws:cognito-idp:${HOME.region}:${ACCOUNT_A}:userpool/${TAGGED.userPool}`;
    tell(`someone ${isCovered ? 'tags' : 'untags'} ${TAGGED.userPool}`);
    count('tagsOfUserPool');
    if (isCovered) {
      await this.#accounts.asA('cognito-idp', 'TagResource', { ResourceArn, Tags: TAGGED.tags });
    } else {
      const TagKeys = Object.keys(TAGGED.tags);
      await this.#accounts.asA('cognito-idp', 'UntagResource', { ResourceArn, TagKeys });
    }
    this.#tagging.push({ at: clock.elapsed, isCovered });
  }

  /** Checks that no app client was linked by tags that its user pool no longer had. */
  judge(): void {
    const { observer, faults, aws } = this.#scene;
    const executions = [...aws.stateMachines.executions.values()];
    // A reconcile uses the tags that it listed when it started.
    const reconciles = executions.filter(({ machine }) => machine.name.endsWith('-reconcile'));
    const isReconcile = (session = '') =>
      reconciles.some(({ name }) => session.startsWith(name.slice(0, 55)));
    for (const clientId of this.#tagged) {
      const key = entryKey({ ProviderName: providerNameOf(TAGGED.userPool), ClientId: clientId });
      for (const { at, execution } of observer.additions(TAGGED.pool, key)) {
        const last = this.#tagging.findLast((change) => change.at <= at);
        if (!last || last.isCovered || isReconcile(execution)) continue;
        if (at - last.at <= OLD_TAGS + faults.latest) continue;
        observer.violation(
          `${key} was linked at ${at} ms by tags that were removed at ${last.at} ms`,
        );
      }
    }
  }

  /** The app clients that a link covers by user pool tags when the seed ends. */
  covered(): string[] {
    return this.#tagging.at(-1)?.isCovered === false ? [] : this.#tagged;
  }
}
