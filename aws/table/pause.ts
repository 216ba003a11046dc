import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { isPause, PAUSE, pausedError } from '../../core/write/pause.ts';
import { bodyOf, client, S, TableName } from './table.ts';

/**
 * Checks that writes of this stage are not paused.
 *
 * @param execution ARN of the execution that would write.
 * @param begun whether an earlier write was made in part. Then the error says that it waits too.
 * @throws PausedError while writes are paused, no matter what the item of the pause looks like.
 */
export async function checkPause(execution: string, begun: boolean): Promise<void> {
  const Key = { pk: S(PAUSE), sk: S(PAUSE) };
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  if (Item) throw pausedError(bodyOf(Item, isPause), execution, begun);
}
