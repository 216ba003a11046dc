import { styleText } from 'node:util';
import type { Command } from 'commander';
import {
  allFound,
  type Check,
  checkCredentials,
  checkDeployed,
  checkLinks,
  checkPause,
  checkPools,
} from '../check/checks.ts';
import { checkTrails } from '../check/trails.ts';
import { optionsOf, sessionOf } from '../options.ts';
import { deployCommand } from '../output/command-line.ts';
import { Failure } from '../output/exit.ts';
import type { Sheet } from '../output/sheet.ts';
import type { Terminal } from '../output/terminal.ts';

interface Options {
  links?: string;
  link?: string;
}

const marks = { ok: '✔', warning: '!', failed: '✖', unknown: '?' } as const;
const colours = { ok: 'green', warning: 'yellow', failed: 'red', unknown: 'yellow' } as const;

const linesOf = ({ check, status, found, more = [], todo }: Check): string[] => [
  `${styleText(colours[status], marks[status])} ${styleText('bold', check)}: ${found}`,
  ...more.map((line) => `  ${line}`),
  ...(todo === undefined ? [] : [`  → ${todo}`]),
];

const sheetOf = (checks: Check[]): Sheet => ({
  head: ['check', 'status', 'found', 'todo'],
  rows: checks.map((each) => [each.check, each.status, allFound(each).join('; '), each.todo]),
});

async function checksOf(terminal: Terminal, command: Command): Promise<Check[]> {
  const { stage, links: file, link } = optionsOf<Options>(command);
  const session = sessionOf(command);
  const { check, links } = await checkLinks(file);
  const [credentials, ...more] = await checkCredentials(session);
  const first = [check, ...(credentials ? [credentials] : []), ...more];
  // Without credentials nothing else can be checked.
  if (credentials?.status !== 'ok') return first;
  const { region } = await session.caller();
  const deploy = deployCommand({ stage, region, file });
  const deployed = await checkDeployed(session, stage, { links, deploy });
  const isDeployed = deployed[0]?.status === 'ok';
  const known = links ?? {};
  return [
    ...first,
    ...deployed,
    ...(await checkTrails(session, known)),
    ...(isDeployed ? await checkPause(session, stage, terminal) : []),
    ...(isDeployed ? await checkPools(session, stage, { link, terminal, deploy }) : []),
  ];
}

async function run(terminal: Terminal, command: Command): Promise<void> {
  const checks = await checksOf(terminal, command);
  const failed = checks.filter(({ status }) => status === 'failed');
  if (failed.length === 0) {
    terminal.answer(
      { checks },
      (shown) => shown.checks.flatMap(linesOf),
      (shown) => sheetOf(shown.checks),
    );
    return;
  }
  const message = `${failed.length} of ${checks.length} checks failed.`;
  throw new Failure('CheckFailedError', message, {
    document: { checks },
    linesOf: (shown) => shown.checks.flatMap(linesOf),
    sheetOf: (shown) => sheetOf(shown.checks),
  });
}

/** Checks everything that a link needs, and says what to do about each problem. */
export function check(program: Command, terminal: Terminal): void {
  const command = program
    .command('check')
    .description('check links.yml, credentials, deployment, trails, roles and quotas')
    .option('--links <file>', 'the links.yml that was deployed, if it is another file')
    .option('--link <name>', 'check only the identity pool of this link')
    .action(() => run(terminal, command));
}
