import { entryKey } from '../identity-pool/identity-pool.ts';
import { isObject, isText, parsedJson } from '../shape.ts';
import { callerIn, member, type TrailCaller } from '../trail-record.ts';

/** An update of an identity pool, as far as its record can be read. */
export interface PoolUpdate {
  /** In epoch milliseconds, rounded to seconds. */
  time: number;
  by?: TrailCaller;
  /** The keys of the entries that the pool has after it; absent if the record does not show them. */
  entries?: Pick<ReadonlySet<string>, 'has'>;
}

/** An update with the keys of all entries, as a record has them. */
export interface RecordedUpdate extends PoolUpdate {
  entries?: ReadonlySet<string>;
}

// CloudTrail writes this in place of values that it hides.
const isMasked = (text: string): boolean => text.startsWith('HIDDEN_');

/** The key of an entry; undefined if it is hidden, or not an entry. */
function keyIn(item: unknown): string | undefined {
  const ProviderName = member(item, 'providerName') ?? '';
  const ClientId = member(item, 'clientId') ?? '';
  if (!isObject(item) || !isText(ProviderName) || !isText(ClientId)) return undefined;
  return [ProviderName, ClientId].some(isMasked) ? undefined : entryKey({ ProviderName, ClientId });
}

/**
 * The entries of a pool in a record. CloudTrail truncates records larger than 100 KB and does not document their
 * form, so a record that may be truncated is not read.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
function entriesIn(pool: unknown, identityPoolId: string): ReadonlySet<string> | undefined {
  const isWhole =
    isObject(pool) &&
    member(pool, 'identityPoolId') === identityPoolId &&
    isText(member(pool, 'identityPoolName')) &&
    !Object.keys(pool).some((name) => /trunc|omit/i.test(name));
  if (!isWhole) return undefined;
  // An update without the list empties it.
  const list = member(pool, 'cognitoIdentityProviders') ?? [];
  if (!Array.isArray(list)) return undefined;
  const keys = list.map(keyIn);
  return keys.includes(undefined) ? undefined : new Set(keys.filter(isText));
}

/**
 * Reads the record of an UpdateIdentityPool from LookupEvents.
 *
 * @param text the record as JSON. Anyone who may call AWS there can influence it.
 * @returns undefined if the update failed, or was about another identity pool.
 */
export function poolUpdate(text: unknown, identityPoolId: string): PoolUpdate | undefined {
  const record = parsedJson(text);
  // The record can't be read, so it may be about this pool.
  if (!isObject(record)) return { time: Number.NaN };
  const { requestParameters: asked, responseElements: answered, errorCode } = record;
  const pool = member(asked, 'identityPoolId') ?? member(answered, 'identityPoolId');
  if (errorCode !== undefined || (isText(pool) && pool !== identityPoolId)) return undefined;
  return updateIn(record, identityPoolId);
}

/** What a record says about a change of an identity pool. Only an UpdateIdentityPool shows its entries. */
export function updateIn(record: Record<string, unknown>, identityPoolId: string): RecordedUpdate {
  const { requestParameters: asked, responseElements: answered } = record;
  const by = callerIn(record);
  const entries = entriesIn(asked, identityPoolId) ?? entriesIn(answered, identityPoolId);
  return {
    time: Date.parse(String(record['eventTime'])),
    ...(by && { by }),
    ...(entries && { entries }),
  };
}
