import { type AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isObject, isText, type Shape } from '../core/shape.ts';
import { requestHandler } from './request-handler.ts';

/** The service's one table, and how its items are written and read. */
export const client = new DynamoDBClient({ requestHandler });
export const TableName = process.env['TABLE_NAME'] ?? '';

const DAY_SECONDS = 24 * 60 * 60;

export type Item = Record<string, AttributeValue>;

export const S = (value: string): AttributeValue => ({ S: value });
export const N = (value: number): AttributeValue => ({ N: String(value) });
export const json = (value: unknown): AttributeValue => S(JSON.stringify(value));
/** When DynamoDB may remove what nobody will read again; nothing relies on when it does. */
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
export function bodyOf<T>(item: unknown, isT: Shape<T>, name = 'body'): T | undefined {
  if (!isObject(item)) return undefined;
  try {
    const body: unknown = JSON.parse(textOf(item as Item, name) ?? 'null');
    return isT(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
