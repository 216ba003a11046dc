import { styleText } from 'node:util';
import type { AuditRecord } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { expanded, isEntryChange, type ShownChange } from '../../core/identity-pool/changes.ts';
import { moment } from '../../core/moment.ts';
import { WAITING } from '../executions/approvals.ts';
import { changeLines, type Names } from './changes.ts';
import type { CommandLine } from './command-line.ts';
import { requestedByText } from './requested-by.ts';
import { age, span } from './times.ts';

/** A change that waits for approval, as far as people read it. */
interface Waiting {
  identityPoolId: string;
  links: string[];
  clientName?: string;
  changes: ShownChange[];
  /** ISO 8601. */
  until: string;
}

/** The name of the app client that changes are about, by its id. */
export const namesOf = ({ changes, clientName }: Pick<Waiting, 'changes' | 'clientName'>): Names =>
  new Map(
    clientName === undefined
      ? []
      : changes.flatMap(expanded).flatMap((change) => {
          const id = isEntryChange(change) ? change.provider.ClientId : undefined;
          return id === undefined ? [] : [[id, clientName]];
        }),
  );

/** Who asked for a change that waits for approval, and when. */
export const requestedLines = ({
  requestedBy,
  since,
  undoes,
}: Pick<AuditRecord, 'requestedBy' | 'undoes'> & { since: string }): string[] => [
  ...(undoes === undefined ? [] : [`  undoes ${executionOf(undoes).name}`]),
  `  requested by ${requestedByText(requestedBy)}, ${age(since)}`,
];

/**
 * A change that waits for approval as lines, with the command that decides.
 *
 * @param execution ARN of the execution that waits.
 * @param names of app clients, as far as they were looked up: an undo has none of its own.
 * @param requested who requested it, as further lines.
 */
export function waitingLines(
  waiting: Waiting,
  execution: string,
  {
    commandLine,
    names = new Map(),
    requested = [],
  }: { commandLine: CommandLine; names?: Names; requested?: string[] },
): string[] {
  const { identityPoolId, links, until } = waiting;
  const { name } = executionOf(execution);
  return [
    `${styleText('bold', WAITING)} ${identityPoolId} (${links.join(', ')})`,
    ...changeLines(waiting.changes, new Map([...names, ...namesOf(waiting)])).map(
      (line) => `  ${line}`,
    ),
    ...requested,
    `  expires in ${span(Date.parse(until) - Date.now())}, at ${moment(until)}`,
    `  ${commandLine(`approve ${name} --identity-pool ${identityPoolId} --reason "…"`)}`,
  ];
}
