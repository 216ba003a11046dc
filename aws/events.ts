import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { AwsUnavailableError } from '../core/errors.ts';
import { isText } from '../core/shape.ts';
import { requestHandler } from './request-handler.ts';

const client = new EventBridgeClient({ requestHandler });

/**
 * Publishes an event of the source `poolbridge` on the default bus of this account and Region.
 *
 * @throws AwsUnavailableError when EventBridge did not take it: PutEvents itself succeeds then.
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export async function publish(detailType: string, detail: object, resource: string): Promise<void> {
  const entry = {
    Source: 'poolbridge',
    DetailType: detailType,
    Detail: JSON.stringify(detail),
    Resources: [resource],
  };
  const { FailedEntryCount = 0, Entries = [] } = await client.send(
    new PutEventsCommand({ Entries: [entry] }),
  );
  if (FailedEntryCount === 0) return;
  const { ErrorCode, ErrorMessage } = Entries?.[0] ?? {};
  const why = [ErrorCode, ErrorMessage].filter(isText).join(': ') || 'it does not say why';
  throw new AwsUnavailableError(
    `EventBridge did not take the event ${detailType} (${why.slice(0, 300)}).`,
  );
}
