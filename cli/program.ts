import { Command, CommanderError } from 'commander';
import { checkOptions } from './arguments.ts';
import { approvals } from './commands/approvals.ts';
import { approve } from './commands/approve.ts';
import { audit } from './commands/audit.ts';
import { check } from './commands/check.ts';
import { completion } from './commands/completion.ts';
import { entries } from './commands/entries.ts';
import { history } from './commands/history.ts';
import { init } from './commands/init.ts';
import { lease } from './commands/lease.ts';
import { link } from './commands/link.ts';
import { pause } from './commands/pause.ts';
import { plan } from './commands/plan.ts';
import { reconcile } from './commands/reconcile.ts';
import { replay } from './commands/replay.ts';
import { resume } from './commands/resume.ts';
import { show } from './commands/show.ts';
import { status } from './commands/status.ts';
import { trial } from './commands/trial.ts';
import { undo } from './commands/undo.ts';
import { unlink } from './commands/unlink.ts';
import { values } from './commands/values.ts';
import { why } from './commands/why.ts';
import { lookOf, prepareAnswer, withLookOptions } from './look.ts';
import { sharedWords } from './options.ts';
import { programName } from './output/command-line.ts';
import { codeOf, exit, UsageError } from './output/exit.ts';
import { type Streams, Terminal } from './output/terminal.ts';
import { versionText } from './version.ts';

const commands = [
  link,
  unlink,
  plan,
  status,
  entries,
  why,
  reconcile,
  approvals,
  approve,
  undo,
  history,
  show,
  audit,
  replay,
  pause,
  resume,
  lease,
  check,
  init,
  trial,
  completion,
  values,
];

const epilogue = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not covered by links.yml.
Profile, Region, endpoint and credentials come from where the AWS CLI has them.`;

/** Adds a command to the program. */
type AddCommand = (program: Command, terminal: Terminal) => void;

/** The program with all its commands. */
function programOf(terminal: Terminal, others: AddCommand[]): Command {
  const program = withLookOptions(new Command('poolbridge'))
    .description(
      'Links app clients of Amazon Cognito user pools to identity pools of other accounts.',
    )
    .version(versionText(), '--version', 'show the version, and that of Node')
    .option('--stage <name>', "the deployment's stage", 'dev')
    .option('--profile <name>', 'the AWS profile')
    .option('--region <name>', 'the Region that Poolbridge is deployed to')
    .option('--endpoint <url>', 'the endpoint URL, for example of the embedded AWS')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.remark(text),
      outputError: () => {},
    })
    .addHelpText('after', epilogue)
    .hook('preAction', (_, command) => {
      terminal.shared = sharedWords(command);
      return prepareAnswer(command, terminal);
    })
    .exitOverride();
  program.hook('preAction', (_, action) => checkOptions(action));
  // Every session of the program asks at its terminal.
  program.setOptionValue('mfaCode', (serial: string) => terminal.mfaCode(serial));
  for (const each of [...commands, ...others]) each(program, terminal);
  return program;
}

/** Commander's error as a UsageError; undefined if commander printed the help that was asked for. */
function usageError({ code, message }: CommanderError): UsageError | undefined {
  if (code === 'commander.helpDisplayed' || code === 'commander.version') return undefined;
  if (code === 'commander.help') return new UsageError('A command is missing.');
  return new UsageError(message.replace(/^error: /, ''));
}

/**
 * Runs the command.
 *
 * @param args the arguments, without the name of the program.
 * @param others commands of other folders.
 * @returns the exit code.
 */
export async function run(
  args: string[],
  streams: Streams = process,
  others: AddCommand[] = [],
): Promise<number> {
  const terminal = new Terminal(lookOf(args), streams);
  const program = programOf(terminal, others);
  try {
    await program.parseAsync(args, { from: 'user' });
    return terminal.exitCode;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown) : (thrown as Error);
    if (!error) return exit.done;
    const known = program.commands.find((command) => command.name() === args[0]);
    const name = known ? ` ${known.name()}` : '';
    terminal.fail(error, `For help: ${programName()}${name} --help`);
    // Then 2 says that something would change, as terraform plan does.
    return args.includes('--detailed-exitcode') ? exit.failed : codeOf(error);
  }
}
