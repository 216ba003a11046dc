import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { grouped } from '../../core/grouped.ts';
import { identityPoolRegion } from '../../core/identity-pool/identity-pool.ts';
import { providerIn, userPoolRegion } from '../../core/user-pool.ts';
import { allFound, type Check, checkLinks } from '../check/checks.ts';
import { optionsOf, repeated, sessionOf } from '../options.ts';
import { deployCommand } from '../output/command-line.ts';
import { UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';

interface Options {
  userPool?: string[];
  identityPool?: string;
  accountB?: string;
  link: string;
  externalId?: string;
  fromEntries?: true;
  file?: string;
}

/** What the file is written from. */
interface Answers {
  userPools: string[];
  identityPool: string;
  accountB: string;
  /** The entries that the identity pool has, if it was asked. */
  present?: Present;
}

/** What an identity pool has already. */
interface Present {
  /** The ids of app clients, by their user pools. */
  clients: Map<string, string[]>;
  /** Whether every entry has a server-side token check. */
  isChecked: boolean;
}

const DEFAULT_FILE = fileURLToPath(new URL('../../links.yml', import.meta.url));

const USER_POOL = /^[\w-]+_[0-9a-zA-Z]+$/;
const IDENTITY_POOL = /^[\w-]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ACCOUNT = /^\d{12}$/;

/** One thing to ask, if no option has said it. */
interface Question {
  option: string;
  text: string;
  form: RegExp;
  example: string;
}

const questions: Record<Exclude<keyof Answers, 'present'>, Question> = {
  userPools: {
    option: '--user-pool',
    text: 'User pool whose app clients are to be linked (several with commas)',
    form: USER_POOL,
    example: 'us-east-1_EXAMPLE12',
  },
  identityPool: {
    option: '--identity-pool',
    text: 'Identity pool that they are linked to',
    form: IDENTITY_POOL,
    example: 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab',
  },
  accountB: {
    option: '--account-b',
    text: 'Account of the identity pool (12 digits)',
    form: ACCOUNT,
    example: '222222222222',
  },
};

const wrongIn = (values: string[], { form }: Question): string | undefined =>
  values.find((value) => !form.test(value));

function checked(values: string[], question: Question): string[] {
  const { option, example } = question;
  const wrong = wrongIn(values, question);
  if (wrong === undefined && values.length > 0) return values;
  throw new UsageError(
    wrong === undefined
      ? `${option} is missing, for example ${example}`
      : `${option} must be an id like ${example}, not ${wrong}`,
  );
}

/** What a person answers. A malformed answer is asked for again. */
async function typed(terminal: Terminal, question: Question): Promise<string[]> {
  const { text, example } = question;
  for (;;) {
    const line = await terminal.ask(`${text}:`);
    if (line === undefined) return checked([], question);
    const answers = line.split(',').flatMap((each) => each.trim() || []);
    const wrong = wrongIn(answers, question);
    if (wrong === undefined && answers.length > 0) return answers;
    const form = `It must be an id like ${example}`;
    terminal.remark(wrong === undefined ? `${form}.` : `${form}, not ${wrong}.`);
  }
}

/** The answer of the option or, at a terminal, of a person. */
async function answer(terminal: Terminal, given: string[], question: Question): Promise<string[]> {
  return given.length > 0 || !terminal.isInteractive
    ? checked(given, question)
    : typed(terminal, question);
}

/**
 * Reads the entries that an identity pool has, with credentials of its account.
 *
 * @throws UsageError if it has none.
 * @see https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentityPool.html
 */
async function presentIn(session: Session, identityPool: string): Promise<Present> {
  const pools = await session.identityPools(identityPoolRegion(identityPool));
  const { CognitoIdentityProviders: entries = [] } = await pools.describeIdentityPool({
    IdentityPoolId: identityPool,
  });
  if (entries.length === 0) {
    throw new UsageError(
      `The identity pool ${identityPool} has no entries to write links from. Name a user pool with --user-pool.`,
    );
  }
  const byPool = grouped(entries, ({ ProviderName = '' }) => providerIn(ProviderName));
  return {
    clients: new Map(
      [...byPool].map(([userPool, own]) => [
        userPool,
        [...new Set(own.map(({ ClientId = '' }) => ClientId))],
      ]),
    ),
    isChecked: entries.every(({ ServerSideTokenCheck }) => ServerSideTokenCheck === true),
  };
}

const given = (value: string | undefined): string[] => (value === undefined ? [] : [value]);

/** The answers, of which the identity pool itself gives the user pools and the account. */
async function answersFromEntries(
  terminal: Terminal,
  { userPool = [], identityPool, accountB }: Options,
  session: Session,
): Promise<Answers> {
  const [pool = ''] = await answer(terminal, given(identityPool), questions.identityPool);
  const present = await presentIn(session, pool);
  const { account } = await session.caller();
  const found = [...new Set([...present.clients.keys(), ...userPool])];
  const [named = account] = given(accountB);
  return {
    userPools: checked(found, questions.userPools),
    identityPool: pool,
    accountB: checked([named], questions.accountB)[0] ?? '',
    present,
  };
}

async function answersOf(terminal: Terminal, options: Options): Promise<Answers> {
  const { userPool = [], identityPool, accountB } = options;
  // Before anything is asked.
  for (const [values, question] of [
    [userPool, questions.userPools],
    [given(identityPool), questions.identityPool],
    [given(accountB), questions.accountB],
  ] as const) {
    if (values.length > 0) checked(values, question);
  }
  const userPools = await answer(terminal, userPool, questions.userPools);
  const [pool = ''] = await answer(terminal, given(identityPool), questions.identityPool);
  const [account = ''] = await answer(terminal, given(accountB), questions.accountB);
  return { userPools, identityPool: pool, accountB: account };
}

const roleArn = (account: string): string => `arn:aws:iam::${account}:role/poolbridge-link`;

/** The entries that are there, as comments for the review of the file. */
const presentLines = ({ clients }: Present): string =>
  [...clients]
    .map(([userPool, ids]) => `    # ${userPool} has entries of: ${ids.join(', ')}\n`)
    .join('');

const yamlOf = (
  { userPools, identityPool, accountB, present }: Answers,
  { link, externalId }: Options,
) =>
  `# yaml-language-server: $schema=./links.schema.json
#
# Which app clients get an entry in which identity pool. Only what stands here is ever linked.
# docs/links.md explains every key.
links:
  ${link}:
${present ? presentLines(present) : ''}    userPools: [${userPools.join(', ')}]
    identityPool: ${identityPool}
    roleArn: ${roleArn(accountB)}
${externalId === undefined ? '' : `    externalId: ${JSON.stringify(externalId)}\n`}${present?.isChecked ? '    serverSideTokenCheck: true\n' : ''}`;

/** @throws UsageError if there is no folder for the file, or if it has links already: they are a person's work. */
async function checkFile(file: string): Promise<void> {
  const folder = dirname(file);
  if (!existsSync(folder)) {
    throw new UsageError(
      `There is no folder ${folder} for ${file}. Create it, or name another file with --file.`,
    );
  }
  if (!existsSync(file)) return;
  const { parse } = await import('yaml');
  const { links } = (parse(readFileSync(file, 'utf8')) ?? {}) as { links?: object };
  if (Object.keys(links ?? {}).length === 0) return;
  throw new UsageError(
    `${file} has links already. Add yours by hand (docs/links.md), or name another file with --file.`,
  );
}

/** The Region that most of the user pools are in: those of others need their events forwarded. */
function homeOf(userPools: string[]): string {
  const all = [...grouped(userPools, userPoolRegion)];
  const [first] = all.toSorted(([, a], [, b]) => b.length - a.length);
  return first?.[0] ?? '';
}

/** The commands that deploy both sides, and the one that proves it. */
function nextCommands(
  { userPools, identityPool }: Answers,
  { externalId, file }: Options,
  { accountA, region, stage }: { accountA: string; region: string; stage: string },
): { accountB: string; accountA: string; proof: string } {
  const [identityRegion] = identityPool.split(':');
  const parameters = [
    `TrustedAccountId=${accountA}`,
    `IdentityPoolIds=${identityPool}`,
    ...(externalId === undefined ? [] : [`ExternalId=${externalId}`]),
  ];
  return {
    accountB: `aws cloudformation deploy --stack-name poolbridge --template-file resources/account-b.yml --capabilities CAPABILITY_NAMED_IAM --region ${identityRegion} --parameter-overrides ${parameters.join(' ')}`,
    accountA: deployCommand({ stage, region, file }),
    proof: `npx poolbridge trial --stage ${stage} --region ${region} --user-pool ${userPools.find((each) => userPoolRegion(each) === region) ?? userPools[0]}`,
  };
}

/**
 * Writes the file, if it is a valid links.yml.
 *
 * @throws UsageError that says what is wrong, with the file as it was.
 */
async function written(file: string, text: string): Promise<Check> {
  const before = existsSync(file) ? readFileSync(file) : undefined;
  writeFileSync(file, text);
  const { check } = await checkLinks(file);
  if (check.status !== 'failed') return check;
  if (before) writeFileSync(file, before);
  else rmSync(file);
  throw new UsageError(allFound(check).join('\n'));
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const options = optionsOf<Options>(command);
  const { stage, file = DEFAULT_FILE } = options;
  await checkFile(file);
  const session = sessionOf(command);
  const answers = options.fromEntries
    ? await answersFromEntries(terminal, options, session)
    : await answersOf(terminal, options);
  const home = homeOf(answers.userPools);
  // Without credentials of Account-A the commands still tell what to fill in.
  const caller = options.fromEntries ? undefined : await session.caller().catch(() => undefined);
  // The credentials of Account-B, and their Region, say nothing about Account-A.
  const region = caller?.region ?? optionsOf<{ region?: string }>(command).region ?? home;
  const check = await written(file, yamlOf(answers, options));
  const accountA = caller?.account ?? 'ACCOUNT_A';
  const commands = nextCommands(answers, options, { accountA, region, stage });
  terminal.answer({ file, check, commands }, (shown) => [
    `Wrote ${shown.file}: ${shown.check.found}`,
    ...(shown.check.more ?? []).map((line) => `  ${line}`),
    '',
    `1. With credentials of Account-B (${answers.accountB}):`,
    `  ${shown.commands.accountB}`,
    `2. With credentials of Account-A (${accountA}):`,
    `  ${shown.commands.accountA}`,
    '3. To prove it:',
    `  ${shown.commands.proof}`,
  ]);
}

/** Writes links.yml for a first link, and prints the commands that deploy both sides. */
export function init(program: Command, terminal: Terminal): void {
  const command = program
    .command('init')
    .description('write links.yml for a first link, and print the commands that deploy it')
    .option('--user-pool <id>', 'the user pool; may be repeated', repeated)
    .option('--identity-pool <id>', 'the identity pool')
    .option('--account-b <id>', 'the account of the identity pool')
    .option('--link <name>', 'the name of the link', 'first-link')
    .option('--external-id <value>', 'a value that the role of Account-B asks for')
    .option(
      '--from-entries',
      'from the entries that the identity pool has, with credentials of its account',
    )
    .option('--file <file>', 'where to write, instead of links.yml')
    .action(() => run(terminal, command));
}
