import { type AttributeValue, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { AwsUnavailableError } from '../../core/errors.ts';
import { isObject, isText, parsedJson, type Shape } from '../../core/shape.ts';
import { requestHandler } from '../clients/request-handler.ts';
import { pagesOf } from '../pace/pages.ts';

/** The service's one table, and how its items are written and read. */
export const client = new DynamoDBClient({ requestHandler });
export const TableName = process.env['TABLE_NAME'] ?? '';

const DAY_SECONDS = 24 * 60 * 60;

export type Item = Record<string, AttributeValue>;

export const S = (value: string): AttributeValue => ({ S: value });
export const N = (value: number): AttributeValue => ({ N: String(value) });
export const json = (value: unknown): AttributeValue => S(JSON.stringify(value));
/** When DynamoDB may remove what is not read again; nothing relies on when it does. */
export const ttl = (days: number): AttributeValue =>
  N(Math.floor(Date.now() / 1000) + days * DAY_SECONDS);

export function textOf(item: Item, name: string): string | undefined {
  const text = item[name]?.S;
  return isText(text) ? text : undefined;
}

export const numberOf = (item: Item, name: string): number => Number(item[name]?.N) || 0;

/**
 * What this service has written into an item. Others may write to the table too: what does not have
 * the shape is as good as absent.
 */
export const bodyOf = <T>(item: unknown, isT: Shape<T>, name = 'body'): T | undefined =>
  isObject(item) ? parsed(textOf(item as Item, name), isT) : undefined;

/** What a text of the table says, if that has the shape. */
export function parsed<T>(text: string | undefined, isT: Shape<T>): T | undefined {
  const body = parsedJson(text);
  return isT(body) ? body : undefined;
}

/** Whether the condition of a write did not hold. */
export const isRefused = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ConditionalCheckFailedException';

const isKey = (value: unknown): boolean =>
  isObject(value) && Object.values(value).every((each) => isObject(each) && isText(each['S']));

/**
 * The items of a partition, as they are now, those whose sort key begins with a prefix.
 *
 * @param mostPages of a megabyte each; all, unless given.
 * @throws AwsUnavailableError where the table has more and does not say from where on, or has no end.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
 */
export async function itemsOf(
  partition: string,
  prefix?: string,
  mostPages = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const begins = prefix === undefined ? {} : { ':prefix': S(prefix) };
  const pages = pagesOf('Query', async (ExclusiveStartKey: Item | undefined) => {
    const { Items, LastEvaluatedKey: next } = await client.send(
      new QueryCommand({
        TableName,
        ConsistentRead: true,
        KeyConditionExpression: `pk = :pk${prefix === undefined ? '' : ' AND begins_with(sk, :prefix)'}`,
        ExpressionAttributeValues: { ':pk': S(partition), ...begins },
        ExclusiveStartKey,
      }),
    );
    if (next && !isKey(next)) {
      throw new AwsUnavailableError('The table does not say where it goes on. Ask again.');
    }
    return { items: Array.isArray(Items) ? Items.filter(isObject) : [], next };
  });
  const items: Item[] = [];
  let count = 0;
  for await (const page of pages) {
    items.push(...page.items);
    if (++count === mostPages) break;
  }
  return items;
}
