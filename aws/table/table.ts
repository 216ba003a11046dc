import { type AttributeValue, DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { AwsUnavailableError } from '../../core/errors.ts';
import { isObject, isText, parsedJson, type Shape } from '../../core/shape.ts';
import { requestHandler } from '../clients/request-handler.ts';
import { pagesOf } from '../pace/pages.ts';

/** The client of the one table of a stage. */
export const client = new DynamoDBClient({ requestHandler });
export const TableName = process.env['TABLE_NAME'] ?? '';

const DAY_SECONDS = 24 * 60 * 60;

export type Item = Record<string, AttributeValue>;

export const S = (value: string): AttributeValue => ({ S: value });
export const N = (value: number): AttributeValue => ({ N: String(value) });
export const json = (value: unknown): AttributeValue => S(JSON.stringify(value));
/** When DynamoDB may delete an item that is no longer read. Nothing relies on when it does. */
export const ttl = (days: number): AttributeValue =>
  N(Math.floor(Date.now() / 1000) + days * DAY_SECONDS);

/** The text in an attribute; undefined if it has none. */
export function textOf(item: Item, name: string): string | undefined {
  const text = item[name]?.S;
  return isText(text) ? text : undefined;
}

/** The number in an attribute; 0 if it has none. */
export function numberOf(item: Item, name: string): number {
  const text = item[name]?.N;
  return isText(text) ? Number(text) || 0 : 0;
}

/**
 * What this service wrote into an item. Others may write to the table too, so what has another form counts as
 * absent.
 */
export const bodyOf = <T>(item: unknown, isT: Shape<T>, name = 'body'): T | undefined =>
  isObject(item) ? parsed(textOf(item as Item, name), isT) : undefined;

/** The content of a text in the table, if it has the right form. */
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
 * The current items of a partition whose sort keys begin with a prefix.
 *
 * @param mostPages how many pages of a megabyte to read; all, by default.
 * @throws AwsUnavailableError if the table has more but does not say where to go on, or has no end.
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
      throw new AwsUnavailableError(
        'The table has more items but does not say where to continue. Ask again.',
      );
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
