import type { AppClient } from '../../core/app-client.ts';
import { AwsUnavailableError } from '../../core/errors.ts';
import type { UserPoolListing } from '../../core/reconcile/classify.ts';
import type { ListedPool } from '../../core/reconcile/plan.ts';
import { sha256 } from '../../core/sha256.ts';
import { isListOf, isMapOf, isShape, isText } from '../../core/shape.ts';
import { type Issuer, isIssuer } from '../../core/user-pool.ts';
import { type Key, keepText, keptText } from './long-text.ts';
import { parsed, ttl } from './table.ts';

/** The list of one user pool. */
interface Listed {
  tags: Record<string, string>;
  issuer?: Issuer;
  clients: AppClient[];
}

const isListed = isShape<Listed>(
  {
    tags: isMapOf(isText),
    clients: isListOf(isShape<AppClient>({ clientId: isText, clientName: isText }, {})),
  },
  { issuer: isIssuer },
);

const digestOf = (text: string): string => sha256(text).slice(0, 32);

/**
 * The lists of user pools that one execution made. They stay for a day, since a state has no room for all app
 * clients.
 */
export class Inventory {
  readonly #prefix: string;

  /** @param execution its ARN. */
  constructor(execution: string) {
    this.#prefix = `inventory#${digestOf(execution)}`;
  }

  #key(userPoolId: string): Key {
    return { pk: `${this.#prefix}#${userPoolId}`, sk: 'listed' };
  }

  /**
   * Keeps the list of a user pool.
   *
   * @returns its digest, which {@link read} compares. So write access to the table does not help to change a list.
   */
  async keep(userPoolId: string, listed: Listed): Promise<string> {
    const text = JSON.stringify(listed);
    await keepText(this.#key(userPoolId), text, { ttl: ttl(1) });
    return digestOf(text);
  }

  /**
   * The list of a user pool.
   *
   * @throws AwsUnavailableError if it is not the one that was kept.
   */
  async read([userPoolId, digest]: ListedPool): Promise<UserPoolListing> {
    const text = await keptText(this.#key(userPoolId));
    const listed = parsed(text, isListed);
    if (text === undefined || digestOf(text) !== digest || !listed) {
      throw new AwsUnavailableError(
        `The list of the user pool ${userPoolId} in the table is not the one that was kept. If this persists, look at who else writes to the table.`,
      );
    }
    const { tags, issuer, clients } = listed;
    return {
      tags,
      ...(issuer && { issuer }),
      clients: new Map(clients.map(({ clientId, clientName }) => [clientId, clientName])),
    };
  }
}
