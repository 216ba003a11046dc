import { createHash } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { AppClient } from '../core/app-client.ts';
import { AwsUnavailableError } from '../core/errors.ts';
import type { UserPoolListing } from '../core/reconcile.ts';
import type { ListedPool } from '../core/reconcile-plan.ts';
import { isListOf, isMapOf, isShape, isText } from '../core/shape.ts';
import { type Issuer, isIssuer } from '../core/user-pool.ts';
import { client, itemsOf, S, TableName, textOf, ttl } from './table.ts';

/** App clients of one user pool, as many as one item has room for. */
interface Part {
  tags: Record<string, string>;
  issuer?: Issuer;
  clients: AppClient[];
}

const isPart = isShape<Part>(
  {
    tags: isMapOf(isText),
    clients: isListOf(isShape<AppClient>({ clientId: isText, clientName: isText }, {})),
  },
  { issuer: isIssuer },
);

// An item of DynamoDB holds 400 KB; a client takes at most 300 characters, and usually 90.
const CLIENTS_TOGETHER = 1000;

const partsOf = ({ clients, ...pool }: Part): Part[] =>
  Array.from({ length: Math.max(1, Math.ceil(clients.length / CLIENTS_TOGETHER)) }, (_, i) => ({
    ...pool,
    clients: clients.slice(i * CLIENTS_TOGETHER, (i + 1) * CLIENTS_TOGETHER),
  }));

const digestOf = (bodies: string[]): string =>
  createHash('sha256').update(bodies.join('\n')).digest('hex').slice(0, 32);

/**
 * The user pools that one execution has listed, since their app clients are more than a state has
 * room for. They stay for a day.
 */
export class Inventory {
  readonly #prefix: string;

  /** @param execution its ARN. */
  constructor(execution: string) {
    const digest = createHash('sha256').update(execution).digest('hex').slice(0, 32);
    this.#prefix = `inventory#${digest}`;
  }

  #pk(userPoolId: string): string {
    return `${this.#prefix}#${userPoolId}`;
  }

  /**
   * Keeps what was listed of a user pool.
   *
   * @returns its digest, by which {@link read} knows it: who may write to the table gains nothing.
   */
  async keep(userPoolId: string, listed: Part): Promise<string> {
    const bodies = partsOf(listed).map((part) => JSON.stringify(part));
    for (const [i, body] of bodies.entries()) {
      const sk = S(String(i).padStart(4, '0'));
      const Item = { pk: S(this.#pk(userPoolId)), sk, body: S(body), ttl: ttl(1) };
      await client.send(new PutItemCommand({ TableName, Item }));
    }
    return digestOf(bodies);
  }

  /**
   * What was listed of a user pool.
   *
   * @throws AwsUnavailableError when it is not what was kept.
   */
  async read([userPoolId, digest]: ListedPool): Promise<UserPoolListing> {
    const items = await itemsOf(this.#pk(userPoolId));
    const bodies = items.map((item) => textOf(item, 'body') ?? '');
    if (digestOf(bodies) !== digest) {
      throw new AwsUnavailableError(
        `What the table has of the user pool ${userPoolId} is not what was listed. If this persists, look at who else writes to the table.`,
      );
    }
    const parts = bodies.map((body): unknown => JSON.parse(body)).filter(isPart);
    const clients = parts.flatMap((part) => part.clients);
    const { tags = {}, issuer } = parts[0] ?? {};
    return {
      tags,
      ...(issuer && { issuer }),
      clients: new Map(clients.map(({ clientId, clientName }) => [clientId, clientName])),
    };
  }
}
