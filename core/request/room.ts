import { isObject, isText } from '../shape.ts';

/** What a finished request means for the room in identity pools. */
export interface RoomChanges {
  /** Those whose quota refused an app client. */
  refused: string[];
  /** Those that an entry was removed from. */
  freed: string[];
}

/** Reads the event LinkFinished. Anyone in the account may publish one, so it leads to no more than a recheck. */
export function roomChangesIn(event: unknown): RoomChanges {
  const detail = isObject(event) ? event['detail'] : undefined;
  const results = isObject(detail) && Array.isArray(detail['results']) ? detail['results'] : [];
  const idsOf = (isMeant: (result: Record<string, unknown>) => boolean): string[] =>
    results
      .filter(isObject)
      .filter(isMeant)
      .map(({ identityPoolId }) => identityPoolId)
      .filter(isText);
  return {
    refused: idsOf(({ error }) => error === 'ProviderQuotaError'),
    freed: idsOf(({ outcome }) => outcome === 'UNLINKED'),
  };
}
