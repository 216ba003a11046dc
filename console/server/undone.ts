import { isDenied } from '../../cli/denied.ts';
import { type Executions, isUnknown } from '../../cli/executions/executions.ts';
import type { Row } from './protocol.ts';
import { rowOf } from './views.ts';

/**
 * The row of an undo with the user pool and the app clients that it is about. One that runs or has failed does not say
 * them itself: they are those of what it undoes.
 *
 * @param known the row of an execution, if it was read already.
 */
export async function withUndone(
  row: Row,
  executions: Executions,
  known: (execution: string) => Row | undefined = () => undefined,
): Promise<Row> {
  const { undoes } = row;
  if (undoes === undefined || (row.userPoolId !== undefined && row.clients)) return row;
  try {
    const undone = known(undoes) ?? rowOf(await executions.read(undoes));
    const { userPoolId, clientId } = undone;
    const clients = clientId === undefined ? undone.clients : [clientId];
    return {
      ...row,
      ...(userPoolId !== undefined && { userPoolId }),
      ...(clients && { clients }),
    };
  } catch (error) {
    if (!isDenied(error) && !isUnknown(error)) throw error;
    return row;
  }
}
