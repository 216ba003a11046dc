import { styleText } from 'node:util';
import type { Command } from 'commander';
import { sleep } from '../../aws/pace/sleep.ts';
import { type AuditRecord, auditRecords } from '../../core/audit/audit.ts';
import { executionOf } from '../../core/execution.ts';
import { counted } from '../../core/sentence.ts';
import { userPoolRegion } from '../../core/user-pool.ts';
import { isDenied } from '../denied.ts';
import { waitingIn } from '../executions/approvals.ts';
import { Executions } from '../executions/executions.ts';
import { untilInterrupted } from '../executions/interrupt.ts';
import { Machines } from '../executions/machines.ts';
import { credentialsFor, type Granted, type TestUser } from '../executions/test-user.ts';
import { TrialClient, unlinkOf } from '../executions/trial-client.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure, UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { duration } from '../output/times.ts';
import { checkNotPaused } from '../settings/pauses.ts';

interface Options {
  userPool: string;
  clientName: string;
  timeout: string;
  username?: string;
}

/** What one of the two events came to. */
interface Step {
  execution: string;
  /** From the call to the end of the execution. */
  seconds: number;
  results: Pick<AuditRecord, 'identityPoolId' | 'links' | 'outcome' | 'error' | 'message'>[];
}

const POLL_MS = 1000;
// Step Functions and this machine need not agree on the time.
const CLOCK_MS = 60_000;

function minutesOf({ timeout }: Options): number {
  const minutes = Number(timeout);
  if (minutes > 0 && minutes <= 60) return minutes;
  throw new UsageError(
    `--timeout must be a number of minutes, more than 0 and at most 60, not ${timeout}.`,
  );
}

// In the environment: the arguments of a process can be read by other users of the machine.
const PASSWORD = 'POOLBRIDGE_TRIAL_PASSWORD';

/** @throws UsageError if the password of the user is missing. */
function userOf({ username }: Options): TestUser | undefined {
  if (username === undefined) return undefined;
  const password = process.env[PASSWORD];
  if (password) return { username, password };
  throw new UsageError(`Put the password of ${username} into the environment, as ${PASSWORD}.`);
}

/** Waits for the executions that events about one app client start. */
class Watcher {
  readonly #executions: Executions;
  readonly #terminal: Terminal;
  readonly #client: TrialClient;
  readonly #minutes: number;
  readonly #seen = new Set<string>();

  constructor(executions: Executions, terminal: Terminal, client: TrialClient, minutes: number) {
    this.#executions = executions;
    this.#terminal = terminal;
    this.#client = client;
    this.#minutes = minutes;
  }

  /** @throws Failure if no execution ends in time. */
  async next(operation: 'link' | 'unlink'): Promise<Step> {
    const began = Date.now();
    const deadline = began + this.#minutes * 60_000;
    while (Date.now() < deadline) {
      const [first, ...more] = await this.#ended(operation, began);
      if (first) {
        this.#terminal.idle();
        this.#seen.add(first.execution);
        const seconds = (Date.parse(first.stopped ?? '') - began) / 1000;
        const results = [first, ...more].map(
          ({ identityPoolId, links, outcome, error, message }) => ({
            ...(identityPoolId !== undefined && { identityPoolId }),
            links,
            outcome,
            ...(error !== undefined && { error }),
            ...(message !== undefined && { message }),
          }),
        );
        return { execution: first.execution, seconds: Math.max(0, seconds), results };
      }
      const waited = Math.round((Date.now() - began) / 1000);
      this.#terminal.busy(`waiting for the event to ${operation} · ${waited} s`);
      await sleep(POLL_MS);
    }
    throw new Failure(
      'TrialTimeoutError',
      `No execution to ${operation} the app client ended within ${counted(this.#minutes, 'minute')}. Check with "${this.#terminal.commandLine('check')}" that a trail logs management events, and with "${this.#terminal.commandLine('approvals')}" that nothing waits.`,
    );
  }

  /** Says once that an execution waits for a person, since no event is missing then. */
  async #tellWaiting(arn: string): Promise<void> {
    if (this.#client.waitsIn !== undefined) return;
    const about = { execution: arn, source: 'history' as const };
    const events = await this.#executions.eventsOf(about).catch((error: Error) => {
      if (!isDenied(error)) throw error;
      return [];
    });
    if (waitingIn(events).length === 0) return;
    const { name } = executionOf(arn);
    this.#client.waitsIn = name;
    this.#terminal.note(
      `A change waits for approval. To see it: ${this.#terminal.commandLine(`approve ${name} --show`)}`,
    );
  }

  /** The records of the execution about the app client, if one has ended that was not seen before. */
  async #ended(operation: string, began: number): Promise<AuditRecord[]> {
    const clientId = await this.#client.id;
    for (const arn of await this.#executions.list('link', { from: began - CLOCK_MS })) {
      if (this.#seen.has(arn)) continue;
      const records = auditRecords(await this.#executions.read(arn));
      const [first] = records;
      if (first?.clientId === clientId && first.operation === operation) {
        if (first.status !== 'RUNNING') return records;
        await this.#tellWaiting(arn);
        return [];
      }
      if (first?.status !== 'RUNNING') this.#seen.add(arn);
    }
    return [];
  }
}

const isDone = ({ results }: Step, outcomes: string[]): boolean =>
  results.length > 0 && results.every(({ outcome }) => outcomes.includes(outcome));

/**
 * Unlinks what the links keep after its app client is gone.
 *
 * @param heard what the event about the deletion did.
 * @param kept the identity pools where it did nothing.
 */
async function unlinkKept(
  machines: Machines,
  { userPool, clientId }: { userPool: string; clientId: string },
  { heard, kept }: { heard: Step; kept: string[] },
): Promise<Step> {
  const began = Date.now();
  const execution = await machines.start('link', unlinkOf(userPool, clientId));
  const ending = await machines.follow(execution);
  const { results = [] } = ('output' in ending ? ending.output : ending.report) as {
    results?: Step['results'];
  };
  const done = heard.results.filter(({ outcome }) => outcome !== 'NOT_COVERED');
  const rest = results.filter(({ identityPoolId = '' }) => kept.includes(identityPoolId));
  return {
    execution,
    seconds: heard.seconds + (Date.now() - began) / 1000,
    // A request that failed as a whole has no results.
    results: [...done, ...(rest.length > 0 ? rest : results)],
  };
}

const grantedLine = (granted: Granted): string =>
  'arn' in granted
    ? `${styleText('bold', 'CREDENTIALS')} ${granted.identityPoolId}: ${granted.arn}`
    : `${styleText('bold', granted.error)} ${granted.identityPoolId}: ${granted.message}`;

/** The identity pools that an app client was linked to. */
const linkedTo = ({ results }: Step): string[] =>
  results.flatMap(({ outcome, identityPoolId }) =>
    outcome === 'LINKED' && identityPoolId !== undefined ? [identityPoolId] : [],
  );

const stepLines = ({ execution, seconds, results }: Step): string[] => [
  ...results.map(
    ({ identityPoolId, links, outcome, error, message }) =>
      `${styleText('bold', error ?? outcome)}${identityPoolId === undefined ? '' : ` ${identityPoolId} (${links.join(', ')})`}${message === undefined ? '' : `: ${message}`}`,
  ),
  `  after ${duration(seconds)}, by ${executionOf(execution).name}`,
];

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, userPool, clientName } = options;
  const minutes = minutesOf(options);
  const user = userOf(options);
  const session = sessionOf(command);
  await checkNotPaused(
    { session, stage, terminal },
    'Nothing would be linked, so nothing was created.',
  );
  const pools = await session.userPools(userPoolRegion(userPool));
  const machines = new Machines(session, stage);
  const client = new TrialClient(pools, { userPool, clientName, signsIn: user !== undefined });
  const watcher = new Watcher(new Executions(session, stage), terminal, client, minutes);
  const { clientId, linked, credentials, unlinked } = await untilInterrupted(
    client.orTakenAway(machines, terminal, async () => {
      const clientId = await client.id;
      terminal.note(`Created the app client ${clientName} (${clientId}) in ${userPool}.`);
      const linked = await watcher.next('link');
      client.isLinked = linkedTo(linked).length > 0;
      client.waitsIn = undefined;
      const signedIn = { userPoolId: userPool, clientId };
      const credentials = user && (await credentialsFor(session, signedIn, user, linkedTo(linked)));
      await client.delete();
      terminal.note('Deleted the app client.');
      const heard = await watcher.next('unlink');
      // Some links may unlink what is deleted, while others keep it.
      const kept = linkedTo(linked).filter((id) =>
        heard.results.every(({ identityPoolId }) => identityPoolId !== id),
      );
      const subject = { userPool, clientId };
      const unlinked =
        kept.length > 0 ? await unlinkKept(machines, subject, { heard, kept }) : heard;
      return { clientId, linked, credentials, unlinked };
    }),
    () => client.takeAway(machines, terminal),
  );
  const document = {
    userPoolId: userPool,
    clientId,
    clientName,
    linked,
    ...(credentials && { credentials }),
    unlinked,
  };
  const granted = credentials ?? [];
  const linesOf = () => [...stepLines(linked), ...granted.map(grantedLine), ...stepLines(unlinked)];
  const isUnlinked = isDone(unlinked, ['UNLINKED', 'NOT_LINKED']);
  if (!isDone(linked, ['LINKED']) || !isUnlinked) {
    throw new Failure(
      'TrialFailedError',
      'The app client was not linked and unlinked everywhere. The app client itself is deleted.',
      { document, linesOf },
    );
  }
  if (granted.every((each) => 'arn' in each)) return terminal.answer(document, linesOf);
  throw new Failure(
    'TrialFailedError',
    'The app client was linked and unlinked, but the user got no credentials. The app client itself is deleted.',
    { document, linesOf },
  );
}

/** Proves a deployment: makes an app client, waits for its link, deletes it and waits until it is unlinked. */
export function trial(program: Command, terminal: Terminal): void {
  const command = program
    .command('trial')
    .description('prove a deployment: create an app client, wait for its link, take all of it away')
    .requiredOption('--user-pool <id>', 'the user pool, which a link must cover')
    .option('--client-name <name>', 'a name that the link includes', 'poolbridge-trial')
    .option('--timeout <minutes>', 'how long to wait for each event', '15')
    .option('--username <name>', `a user who signs in and gets credentials; password: ${PASSWORD}`)
    .action(() => run(terminal, command));
}
