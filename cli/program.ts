import { Command, CommanderError } from 'commander';
import { approve } from './commands/approve.ts';
import { audit } from './commands/audit.ts';
import { check } from './commands/check.ts';
import { completion } from './commands/completion.ts';
import { console } from './commands/console.ts';
import { history } from './commands/history.ts';
import { lease } from './commands/lease.ts';
import { link } from './commands/link.ts';
import { local } from './commands/local.ts';
import { pause } from './commands/pause.ts';
import { plan } from './commands/plan.ts';
import { reconcile } from './commands/reconcile.ts';
import { replay } from './commands/replay.ts';
import { resume } from './commands/resume.ts';
import { show } from './commands/show.ts';
import { status } from './commands/status.ts';
import { undo } from './commands/undo.ts';
import { unlink } from './commands/unlink.ts';
import { codeOf, exit, UsageError } from './output/exit.ts';
import { type Streams, Terminal } from './output/terminal.ts';

const commands = [
  ...[link, unlink, plan, status, reconcile, approve, undo, history, show, audit],
  ...[replay, pause, resume, lease, check, console, local, completion],
];

const epilogue = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not covered by links.yml.
Profile, Region, endpoint and credentials come from where the AWS CLI takes them.`;

/** The command with all that it can do. */
function programOf(terminal: Terminal): Command {
  const program = new Command('poolbridge')
    .description(
      'Links app clients of Amazon Cognito user pools to identity pools of other accounts.',
    )
    .option('--stage <name>', "the deployment's stage", 'dev')
    .option('--profile <name>', 'the AWS profile')
    .option('--region <name>', 'the Region that it is deployed to')
    .option('--endpoint <url>', 'where AWS is, for one that is not the real one')
    .option('--json', 'answer with one JSON document, whatever comes')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.note(text.trimEnd(), 'reset'),
      outputError: () => {},
    })
    .addHelpText('after', epilogue)
    .exitOverride();
  for (const each of commands) each(program, terminal);
  return program;
}

/** What commander found wrong, in our words; nothing if it was asked for help, and has given it. */
function mistakeIn({ code, message }: CommanderError): UsageError | undefined {
  if (code === 'commander.helpDisplayed' || code === 'commander.version') return undefined;
  if (code === 'commander.help') return new UsageError('which command?');
  return new UsageError(message.replace(/^error: /, ''));
}

/**
 * Runs the command.
 *
 * @param args without the name of the program.
 * @returns the exit code.
 */
export async function run(args: string[], streams: Streams = process): Promise<number> {
  const terminal = new Terminal(args.includes('--json'), streams);
  const program = programOf(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit.done;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? mistakeIn(thrown) : (thrown as Error);
    if (!error) return exit.done;
    const known = program.commands.find((command) => command.name() === args[0]);
    const whose = known ? ` ${known.name()}` : '';
    terminal.fail(error, `How it is used: poolbridge${whose} --help`);
    return codeOf(error);
  }
}
