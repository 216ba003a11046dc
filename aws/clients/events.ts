import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { AwsUnavailableError } from '../../core/errors.ts';
import { isObject, isText } from '../../core/shape.ts';
import { requestHandler } from './request-handler.ts';

const client = new EventBridgeClient({ requestHandler });

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const AT_ONCE = 10;

/**
 * Publishes an event of the source `poolbridge` on the default bus of this account and Region.
 *
 * @throws AwsUnavailableError if EventBridge did not accept it. PutEvents itself succeeds then.
 */
export const publish = (detailType: string, detail: object, resource: string): Promise<void> =>
  publishAll(detailType, [detail], resource);

/**
 * As `publish`, for several events. If one was not accepted, others may have been.
 *
 * @throws AwsUnavailableError if EventBridge did not accept one of them.
 */
export async function publishAll(
  detailType: string,
  details: object[],
  resource: string,
): Promise<void> {
  for (let from = 0; from < details.length; from += AT_ONCE) {
    await put(detailType, details.slice(from, from + AT_ONCE), resource);
  }
}

async function put(detailType: string, details: object[], resource: string): Promise<void> {
  const entries = details.map((detail) => ({
    Source: 'poolbridge',
    DetailType: detailType,
    Detail: JSON.stringify(detail),
    Resources: [resource],
  }));
  const { FailedEntryCount = 0, Entries = [] } = await client.send(
    new PutEventsCommand({ Entries: entries }),
  );
  if (FailedEntryCount === 0) return;
  const answers: unknown[] = Array.isArray(Entries) ? Entries : [];
  const failed = answers.filter(isObject).find((each) => isText(each['ErrorCode'])) ?? {};
  const { ErrorCode, ErrorMessage } = failed;
  const why = [ErrorCode, ErrorMessage].filter(isText).join(': ') || 'without a reason';
  throw new AwsUnavailableError(
    `EventBridge did not accept the event ${detailType} (${why.slice(0, 300)}).`,
  );
}
