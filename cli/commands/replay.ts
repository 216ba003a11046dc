import type { EventBridge, PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Command } from 'commander';
import { counted } from '../../core/sentence.ts';
import { checkRequest } from '../arguments.ts';
import { confirmRemoval, mustAsk, type Removal, withYesOption } from '../executions/removal.ts';
import { optionsOf, repeated, sessionOf } from '../options.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { checkNotPaused } from '../settings/pauses.ts';

interface Options {
  userPool: string;
  client?: string[];
  identityPool?: string;
  unlink?: true;
  dryRun?: true;
  reason?: string;
}

/** The result of one event. */
interface Put {
  clientId: string;
  eventId?: string;
  error?: string;
  message?: string;
}

// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const EVENTS_PER_CALL = 10;

const requestOf = (clientId: string, { userPool, ...options }: Options, claimedArn?: string) => ({
  operation: options.unlink ? 'unlink' : 'link',
  userPoolId: userPool,
  clientId,
  identityPoolId: options.identityPool,
  dryRun: options.dryRun,
  reason: options.reason,
  claimedArn,
});

const entryOf = (
  clientId: string,
  options: Options,
  claimedArn: string,
): PutEventsRequestEntry => ({
  Source: 'poolbridge',
  DetailType: 'LinkRequested',
  Detail: JSON.stringify(requestOf(clientId, options, claimedArn)),
});

async function put(
  bus: EventBridge,
  clientIds: string[],
  options: Options,
  claimedArn: string,
): Promise<Put[]> {
  const { Entries = [] } = await bus.putEvents({
    Entries: clientIds.map((clientId) => entryOf(clientId, options, claimedArn)),
  });
  return clientIds.map((clientId, i) => {
    const { EventId, ErrorCode, ErrorMessage = '' } = Entries[i] ?? {};
    return ErrorCode === undefined
      ? { clientId, ...(EventId !== undefined && { eventId: EventId }) }
      : { clientId, error: ErrorCode, message: ErrorMessage };
  });
}

/** Which entries may go: of each app client, that of every identity pool that links.yml allows, or of the named one. */
const removalsOf = ({ userPool, client = [], identityPool }: Options): Removal[] =>
  client.map((clientId) => ({
    identityPoolId: identityPool ?? 'each identity pool of its links',
    providerName: userPool,
    clientId,
  }));

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, userPool: userPoolId, client: clientIds = [] } = options;
  if (clientIds.length === 0) throw new UsageError('--client is missing');
  for (const clientId of clientIds) checkRequest(requestOf(clientId, options));
  if (options.unlink && mustAsk({ terminal, command })) {
    const removals = removalsOf(options);
    // Which of them are there is not known.
    const what = `every existing entry of ${counted(removals.length, 'app client')}`;
    await confirmRemoval({ terminal, command }, removals, { what });
  }
  const session = sessionOf(command);
  await checkNotPaused(
    { session, stage, terminal },
    'No event would start an execution, so none was sent.',
  );
  const bus = await session.events();
  const { arn } = await session.caller();
  const events: Put[] = [];
  for (let from = 0; from < clientIds.length; from += EVENTS_PER_CALL) {
    terminal.busy(`${from} of ${clientIds.length} events`);
    const next = clientIds.slice(from, from + EVENTS_PER_CALL);
    events.push(...(await put(bus, next, options, arn)));
  }
  const linesOf = (shown: Put[]) =>
    shown.map(({ clientId, eventId, error, message }) =>
      error === undefined ? `${clientId}  event ${eventId}` : `${clientId}  ${error}: ${message}`,
    );
  const failed = events.filter(({ error }) => error !== undefined);
  if (failed.length > 0) {
    throw new Failure(
      'NotPutError',
      `EventBridge did not accept ${failed.length} of ${events.length} events. Replay these again.`,
      { document: { userPoolId, events }, linesOf: (shown) => linesOf(shown.events) },
    );
  }
  terminal.answer({ userPoolId, events }, (shown) => linesOf(shown.events));
  terminal.note(
    `Each event starts an execution within seconds. To see them: ${terminal.commandLine('history')}`,
  );
}

/** Puts LinkRequested events for app clients whose own events were lost. */
export function replay(program: Command, terminal: Terminal): void {
  const command = program
    .command('replay')
    .description('put a LinkRequested event on the default bus for each app client')
    .requiredOption('--user-pool <id>', 'the user pool')
    .option('--client <id>', 'its app client; may be repeated', repeated)
    .option('--identity-pool <id>', 'only this one of the identity pools that links.yml allows')
    .option('--unlink', 'request to unlink')
    .option('--dry-run', 'request a dry run')
    .option('--reason <text>', 'the reason, for the audit');
  withYesOption(command).action(() => run(terminal, command));
}
