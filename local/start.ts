import { parseArgs, styleText } from 'node:util';
import { changeLines } from '../cli/show.ts';
import { type LocalAws, startAws } from './index.ts';
import { A, B } from './story/accounts.ts';
import { type Told, tell } from './story/story.ts';

const usage = `Runs Poolbridge on an AWS of its own, on this machine.

  npm start                    tells the story, then stays up for you to try things
  npm start -- --once          exits after the story, non-zero if it went otherwise than told
  npm start -- --port N        listens on this port; 4566, or any free one if that is taken`;

const PORT = 4566;

/** The usual port if it is free, any other if not; the one that was asked for, or none. */
async function startOn(port: number | undefined): Promise<LocalAws> {
  if (port !== undefined) return startAws({ port });
  return startAws({ port: PORT }).catch(() => startAws({ port: 0 }));
}

const dim = (text: string): string => styleText('dim', text);
const bold = (text: string): string => styleText('bold', text);

/** What an auditor asks of an execution. */
function auditLines({ output, executionArn }: Told): string[] {
  const [result] = output.results;
  if (!result || result.outcome === 'FAILED') return [];
  const { requestedBy, clientId } = output;
  const rows = [
    ['who', `${requestedBy.principalArn}, by creating the app client ${clientId}`],
    ['when', `${requestedBy.time}, CloudTrail event ${requestedBy.eventId}`],
    ['allowed by', `links.yml, link ${result.links.join(', ')}`],
    ['written by', [result.assumedRoleArn, result.writtenBy ?? []].flat().join(', for it by ')],
    ['what', changeLines(result.changes).join(' ')],
    ['verified', `entry there after the write; attempts: ${result.attempts}`],
    ['execution', executionArn],
  ];
  return rows.map(([what = '', value]) => `  ${dim(what.padEnd(12))}${value}`);
}

function differenceShown({ output }: Told): string[] {
  const [result] = output.results;
  if (!result || result.outcome === 'FAILED') return [];
  const entries = result.before.CognitoIdentityProviders;
  const kept = [
    `${Array.isArray(entries) ? entries.length : 0} other user pool clients`,
    ...['social, OpenID Connect, SAML and developer providers', 'classic flow, guest access'],
    'name and tags',
  ];
  return [`  ${changeLines(result.changes).join('\n  ')}`, dim(`  untouched: ${kept.join('; ')}`)];
}

function howToReach(local: LocalAws, { userPoolId, identityPoolId }: Told): string[] {
  const as = ({ account, region }: typeof A) =>
    `AWS_ENDPOINT_URL=${local.endpoint} AWS_DEFAULT_REGION=${region} AWS_REGION=${region} AWS_ACCESS_KEY_ID=${account} AWS_SECRET_ACCESS_KEY=local`;
  return [
    bold('It stays up. Try it from another terminal:'),
    dim('  # create an app client in Account-A, and watch it being linked here'),
    `  ${as(A)} aws cognito-idp create-user-pool-client --user-pool-id ${userPoolId} --client-name android`,
    dim('  # link or unlink by hand'),
    `  ${as(A)} npm run link -- --user-pool ${userPoolId} --client CLIENT_ID --reason "trying it out"`,
    dim('  # look at the identity pool in Account-B'),
    `  ${as(B)} aws cognito-identity describe-identity-pool --identity-pool-id ${identityPoolId}`,
    dim('Ctrl-C ends it.'),
  ];
}

/** Says each further linking, live. */
function watch({ aws }: LocalAws): void {
  aws.stateMachines.watch((executionArn, { type, details }) => {
    const name = executionArn.split(':').at(-1);
    if (type === 'TaskStateEntered') process.stdout.write(dim(` ${details?.['name']} →`));
    if (type === 'ExecutionStarted') process.stdout.write(`\n${bold('▶')} ${name}\n `);
    if (type === 'ExecutionSucceeded') {
      const { results = [], notCovered } = JSON.parse(
        String(details?.['output']),
      ) as Told['output'];
      const outcomes = results.map(({ outcome, identityPoolId }) => `${outcome} ${identityPoolId}`);
      console.log(` ${styleText('green', notCovered ?? outcomes.join(', '))}`);
    }
    if (type === 'ExecutionFailed') {
      console.log(` ${styleText('red', `${details?.['error']}`)} ${details?.['cause']}`);
    }
  });
}

async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      once: { type: 'boolean' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(usage);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new Error(`--port must be a port number, not ${values.port}.`);
  }
  const local = await startOn(port);
  console.log(`An AWS of its own is running on ${bold(local.endpoint)}, for this machine only.\n`);
  let told: Told | undefined;
  process.once('SIGINT', async () => {
    await local.close();
    console.log('\nEnded.');
    // Folders are removed when the process exits; Ctrl-C during the story ends packaging as well.
    process.exit(told ? 0 : 130);
  });
  try {
    told = await tell(local);
    console.log(['', bold('What changed'), ...differenceShown(told)].join('\n'));
    console.log(['', bold('The audit of the execution'), ...auditLines(told)].join('\n'));
  } catch (error) {
    await local.close();
    throw error;
  }
  if (values.once) {
    await local.close();
    process.exit(0);
  }
  console.log(`\n${howToReach(local, told).join('\n')}`);
  watch(local);
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
