import { styleText } from 'node:util';
import type { Command } from 'commander';
import { executionOf } from '../../core/execution.ts';
import { entryKey } from '../../core/identity-pool/identity-pool.ts';
import { moment } from '../../core/moment.ts';
import { isFaulty, type Output, type TargetReport } from '../../core/request/outcome.ts';
import { namesOfSame, providerNameOf } from '../../core/user-pool.ts';
import { checkLinks } from '../check/checks.ts';
import {
  exclusionOf,
  type Known,
  missingNames,
  type Reason,
  reasonOfError,
  reasonsIn,
  undeployedIn,
} from '../check/reasons.ts';
import { isDenied } from '../denied.ts';
import { clientNames } from '../executions/client-names.ts';
import type { Ending } from '../executions/ending.ts';
import { type LastWrite, lastWriteOf } from '../executions/entries.ts';
import { Machines } from '../executions/machines.ts';
import { waitingRequests } from '../executions/waiting.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { Failure } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import { age } from '../output/times.ts';
import type { Session } from '../session.ts';
import { Ledgers } from '../settings/ledgers.ts';
import { checkNamedLinks, deployLinks } from '../settings/named-links.ts';
import { Pauses } from '../settings/pauses.ts';

interface Options {
  userPool: string;
  client: string;
  links?: string;
}

/** What one identity pool comes to. */
interface Verdict extends LastWrite {
  identityPoolId: string;
  links: string[];
  /** Whether the app client's users get credentials from it, as far as Poolbridge can see. */
  credentials: boolean;
  reasons: Reason[];
}

/** What is read, or undefined if the caller may not read it. */
async function ifAllowed<T>(
  terminal: Terminal,
  what: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isDenied(error)) throw error;
    terminal.note(`You may not read ${what}, so it is not taken into account.`);
    return undefined;
  }
}

/** Where the command looks, and where it answers. */
interface Place {
  session: Session;
  terminal: Terminal;
  stage: string;
}

/** Everything else that decides, for one identity pool. */
async function knownAbout(
  { session, terminal, stage }: Place,
  about: Omit<Known, 'entry'>,
  result: TargetReport,
): Promise<Known> {
  const { identityPoolId } = result;
  const { userPoolId, clientId } = about;
  const { partition } = await session.caller();
  const ledger = await ifAllowed(terminal, 'the ledger (dynamodb:Query)', () =>
    new Ledgers(session, stage).of(identityPoolId),
  );
  if (!ledger) return { ...about, entry: undefined };
  const missing = missingNames(result);
  const names = missing.length > 0 ? missing : namesOfSame(providerNameOf(userPoolId, partition));
  const all = names.flatMap(
    (ProviderName) => ledger.get(entryKey({ ProviderName, ClientId: clientId })) ?? [],
  );
  // An entry under the other name of the user pool may have been replaced.
  const ours = all.find(({ state }) => state === 'linked') ?? all[0];
  return { ...about, entry: lastWriteOf(ours) };
}

function verdictOf(result: TargetReport, known: Known): Verdict {
  const { identityPoolId, links } = result;
  const reasons = reasonsIn(result, known);
  const isThere = !isFaulty(result) && missingNames(result).length === 0;
  return {
    identityPoolId,
    links,
    credentials: !reasons.some(({ blocks }) => blocks),
    ...(isThere && known.entry),
    reasons,
  };
}

/** The reasons of a request that reaches no identity pool. */
async function unreached(
  ending: Extract<Ending, { error: string }>,
  { session, terminal, stage }: Place,
  { userPool: userPoolId, client, links: file }: Options,
): Promise<Reason[]> {
  const reason = reasonOfError(ending, (words) => terminal.commandLine(words));
  if (reason.reason !== 'not covered') return [reason];
  const { partition } = await session.caller();
  const { links = {} } = await checkLinks(file);
  const providerName = providerNameOf(userPoolId, partition);
  const names = await clientNames(session, [{ providerName, clientId: client }]);
  const clientName = names.get(client);
  const deploy = await deployLinks({ file, session, stage });
  const shown = file ?? 'the links.yml here';
  const better =
    undeployedIn(links, { userPoolId, clientName, file: shown, deploy }) ??
    (clientName === undefined
      ? undefined
      : exclusionOf(links, { userPoolId, clientName, file: shown }));
  return [better ? { ...better, found: `${reason.found} ${better.found}` } : reason];
}

const reasonLines = ({ reason, blocks, found, look, todo }: Reason): string[] => [
  `  ${styleText(blocks ? 'red' : 'yellow', reason)}: ${found}`,
  ...(look === undefined ? [] : [`    → ${look}`]),
  `    → ${todo}`,
];

const areUnseen = (reasons: Reason[]): boolean => reasons.some(({ isUnseen }) => isUnseen);

function answerOf({ credentials, reasons }: Verdict): string {
  if (credentials) return styleText('green', 'yes');
  return areUnseen(reasons) ? styleText('yellow', 'not known') : styleText('red', 'no');
}

function verdictLines(verdict: Verdict) {
  const { identityPoolId, links, since, by, reasons } = verdict;
  const answer = answerOf(verdict);
  return [
    `${answer} ${styleText('bold', identityPoolId)} (${links.join(', ')})`,
    ...(since === undefined
      ? []
      : [
          `  entry written ${moment(since)}, ${age(since)}`,
          `  by ${by === undefined ? '' : executionOf(by).name}`,
        ]),
    ...reasons.flatMap(reasonLines),
  ];
}

/** The answer of the command. */
interface Document {
  userPoolId: string;
  clientId: string;
  execution: string;
  credentials: boolean;
  reasons: Reason[];
  identityPools: Verdict[];
}

const linesOf = ({ reasons, identityPools }: Document): string[] => [
  ...reasons.flatMap(reasonLines),
  ...identityPools.flatMap(verdictLines),
];

/** Why the answer is not a yes everywhere: users get no credentials, or that is not known. */
function failureOf(document: Document, error: string | undefined): Failure<Document> {
  const { clientId, reasons, identityPools } = document;
  const failing = identityPools.filter((each) => !each.credentials);
  const denied = failing.filter((each) => !areUnseen(each.reasons));
  const isKnown = denied.length > 0 || (failing.length === 0 && !areUnseen(reasons));
  const { length: count } = isKnown ? denied : failing;
  const where =
    identityPools.length > 1 ? ` from ${count} of ${identityPools.length} identity pools` : '';
  const name = error ?? (isKnown ? 'NoCredentialsError' : 'CredentialsNotKnownError');
  const message = isKnown
    ? `Users of the app client ${clientId} get no credentials${where}.`
    : `It is not known whether users of the app client ${clientId} get credentials${where}.`;
  return new Failure(name, message, { document, linesOf });
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, userPool: userPoolId, client: clientId } = options;
  const session = sessionOf(command);
  await checkNamedLinks(undefined, { file: options.links, session, stage, terminal });
  const machines = new Machines(session, stage);
  const request = { operation: 'link', userPoolId, clientId, dryRun: true };
  const execution = await machines.start('link', request);
  terminal.note(execution);
  const ending = await machines.follow(execution, terminal);
  const report: Partial<Output> = 'output' in ending ? ending.output : ending.report;
  const results = report.results ?? [];
  const waiting = await ifAllowed(terminal, 'running executions (states:ListExecutions)', () =>
    waitingRequests(session, stage, { progress: (text) => terminal.busy(text) }),
  );
  const pause = await ifAllowed(terminal, 'the pause (dynamodb:GetItem)', () =>
    new Pauses(session, stage).find(),
  );
  const commandLine = (words: string) => terminal.commandLine(words);
  const all = { commandLine, userPoolId, clientId, waiting: waiting ?? [], pause };
  const identityPools: Verdict[] = [];
  for (const result of results) {
    const known = await knownAbout({ session, terminal, stage }, all, result);
    identityPools.push(verdictOf(result, known));
  }
  const reasons =
    results.length === 0 && 'error' in ending
      ? await unreached(ending, { session, terminal, stage }, options)
      : [];
  const credentials = identityPools.length > 0 && identityPools.every((each) => each.credentials);
  const document = { userPoolId, clientId, execution, credentials, reasons, identityPools };
  if (credentials) return terminal.answer(document, linesOf);
  throw failureOf(document, 'error' in ending && results.length === 0 ? ending.error : undefined);
}

/** Says whether the users of an app client can get credentials, and if not, why and what to do. */
export function why(program: Command, terminal: Terminal): void {
  const command = program
    .command('why')
    .description("whether an app client's users can get credentials and, if not, why")
    .requiredOption('--user-pool <id>', 'the user pool')
    .requiredOption('--client <id>', 'its app client')
    .option('--links <file>', 'the links.yml that was deployed, if it is another file')
    .action(() => run(terminal, command));
}
