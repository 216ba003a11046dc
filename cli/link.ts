import { parseArgs, styleText } from 'node:util';
import { exit, runCommand } from './command.ts';
import { LinkMachine } from './execution.ts';
import { outputLines } from './show.ts';

const usage = `Links an app client by hand, through the state machine, and follows the execution.

  npm run link -- --user-pool us-east-1_AbCdEfGhI --client 1example23456789

  --user-pool ID       the user pool
  --client ID          its app client
  --identity-pool ID   only this one of the identity pools that links.yml allows
  --unlink             unlink instead
  --all-clients        with --unlink: every entry of the user pool, whoever made it
  --dry-run            show what would change, and write nothing
  --reason TEXT        why, for the audit
  --stage NAME         the deployment's stage, dev if absent

Endpoint, Region and credentials come from where the AWS CLI takes them.`;

/** What is missing or too much, if anything is. */
function mistakeIn(values: {
  'user-pool'?: string | undefined;
  client?: string | undefined;
  unlink?: boolean | undefined;
  'all-clients'?: boolean | undefined;
}): string | undefined {
  const { 'user-pool': userPoolId, client, unlink, 'all-clients': all } = values;
  if (userPoolId === undefined) return '--user-pool is missing';
  if (all && !unlink) return '--all-clients goes with --unlink alone';
  if (all && client !== undefined) return '--client or --all-clients, not both';
  if (client !== undefined || all) return undefined;
  return unlink ? '--client is missing, or --all-clients' : '--client is missing';
}

function requestOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      'user-pool': { type: 'string' },
      client: { type: 'string' },
      'identity-pool': { type: 'string' },
      unlink: { type: 'boolean' },
      'all-clients': { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      reason: { type: 'string' },
      stage: { type: 'string', default: 'dev' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { 'user-pool': userPoolId, client: clientId, unlink, reason, stage, help } = values;
  const mistake = help ? undefined : mistakeIn(values);
  if (mistake !== undefined) throw new Error(mistake);
  const request = {
    operation: unlink ? 'unlink' : 'link',
    userPoolId,
    clientId,
    identityPoolId: values['identity-pool'],
    dryRun: values['dry-run'],
    reason,
  };
  return { request, stage, help };
}

async function run(asked: ReturnType<typeof requestOf>): Promise<number> {
  const machine = new LinkMachine(asked.stage);
  const executionArn = await machine.start(asked.request);
  console.log(styleText('dim', executionArn));
  const ending = await machine.follow(executionArn, (state) => {
    console.log(styleText('dim', `  ${state}`));
    if (state === 'RequestApproval') {
      console.log(`  It waits for approval. To see it: npm run approve -- ${executionArn} --show`);
    }
  });
  if ('output' in ending) {
    console.log(outputLines(ending.output).join('\n'));
    return exit.done;
  }
  console.error(`${styleText('red', ending.error)}: ${ending.message}`);
  return ending.error === 'NotCoveredError' ? exit.notCovered : exit.failed;
}

await runCommand({ usage, asked: requestOf, run });
