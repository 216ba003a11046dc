import { styleText } from 'node:util';
import { type LocalAws, startAws } from 'embedded-aws';
import { changeLines } from '../cli/output/changes.ts';
import type { Demo } from '../console/server/api.ts';
import type { ShownChange } from '../core/identity-pool/changes.ts';
import { visibleText } from '../core/visible.ts';
import { A, Accounts, B } from './accounts.ts';
import { NEW_CLIENT, type Told, tell } from './story.ts';

const PORT = 4566;

/** The usual port if it is free, any other if not; the one that was asked for, or none. */
async function startOn(port: number | undefined): Promise<LocalAws> {
  if (port !== undefined) return startAws({ port });
  return startAws({ port: PORT }).catch(() => startAws({ port: 0 }));
}

/** The changes of the execution, with the name that the demo gave its app client. */
const changesOf = ({ newClient }: Told, changes: ShownChange[]): string[] =>
  changeLines(changes, new Map([[newClient, NEW_CLIENT]]));

const dim = (text: string): string => styleText('dim', text);
const bold = (text: string): string => styleText('bold', text);

/** What an auditor asks of an execution. */
function auditLines(told: Told): string[] {
  const { output, executionArn } = told;
  const [result] = output.results;
  if (!result || result.outcome === 'FAILED') return [];
  const { requestedBy, clientId } = output;
  const rows = [
    ['who', `${requestedBy.principalArn}, by creating the app client ${clientId}`],
    ['when', `${requestedBy.time}, CloudTrail event ${requestedBy.eventId}`],
    ['allowed by', `links.yml, link ${result.links.join(', ')}`],
    ['written by', [result.assumedRoleArn, result.writtenBy ?? []].flat().join(', for it by ')],
    ['what', changesOf(told, result.changes).join(' ')],
    ['verified', `entry there after the write; attempts: ${result.attempts}`],
    ['execution', executionArn],
  ];
  return rows.map(([what = '', value]) => `  ${dim(what.padEnd(12))}${value}`);
}

function differenceShown(told: Told): string[] {
  const [result] = told.output.results;
  if (!result || result.outcome === 'FAILED') return [];
  const entries = result.before.CognitoIdentityProviders;
  const kept = [
    `${Array.isArray(entries) ? entries.length : 0} other user pool clients`,
    ...['social, OpenID Connect, SAML and developer providers', 'classic flow, guest access'],
    'name and tags',
  ];
  return [
    `  ${changesOf(told, result.changes).join('\n  ')}`,
    dim(`  untouched: ${kept.join('; ')}`),
  ];
}

function howToReach(
  local: LocalAws,
  { userPoolId, identityPoolId }: Told,
  address: string,
): string[] {
  const as = ({ account, region }: typeof A) =>
    `AWS_ENDPOINT_URL=${local.endpoint} AWS_DEFAULT_REGION=${region} AWS_REGION=${region} AWS_ACCESS_KEY_ID=${account} AWS_SECRET_ACCESS_KEY=local`;
  return [
    bold('It stays up. Look at it and try it in the browser:'),
    `  ${address}`,
    bold('Or from another terminal:'),
    dim('  # create an app client in Account-A, and watch it being linked here'),
    `  ${as(A)} aws cognito-idp create-user-pool-client --user-pool-id ${userPoolId} --client-name android`,
    dim('  # link or unlink by hand'),
    `  ${as(A)} npx poolbridge link --user-pool ${userPoolId} --client CLIENT_ID --reason "trying it out"`,
    dim('  # look at the identity pool in Account-B'),
    `  ${as(B)} aws cognito-identity describe-identity-pool --identity-pool-id ${identityPoolId}`,
    dim('Ctrl-C ends it.'),
  ];
}

/** What the console's page can try out here. */
function demoOf(local: LocalAws, { userPoolId, identityPoolId }: Told): Demo {
  const accounts = new Accounts(local.endpoint);
  return {
    userPoolId,
    identityPoolId,
    createAppClient: (name) => accounts.createAppClient(userPoolId, name),
    appClients: () => accounts.appClients(userPoolId),
    async signIn(clientId) {
      try {
        const token = await accounts.signIn(clientId);
        return { clientId, session: await accounts.enter(identityPoolId, userPoolId, token) };
      } catch (error) {
        return { clientId, refusal: (error as Error).message };
      }
    },
  };
}

/** Serves the console of the stage that the story has deployed; returns its address. */
async function consoleOn(local: LocalAws, told: Told): Promise<string> {
  const { serveConsole } = await import('../console/server/server.ts');
  const { Session } = await import('../cli/session.ts');
  const credentials = { accessKeyId: A.account, secretAccessKey: 'local' };
  const session = new Session({ endpoint: local.endpoint, region: A.region, credentials });
  const demo = demoOf(local, told);
  return (await serveConsole({ session, stage: 'dev', demo })).address;
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
      console.log(` ${styleText('green', visibleText(notCovered ?? outcomes.join(', ')))}`);
    }
    if (type === 'ExecutionFailed') {
      const [error = '', cause = ''] = [details?.['error'], details?.['cause']].map((each) =>
        visibleText(String(each)),
      );
      console.log(` ${styleText('red', error)} ${cause}`);
    }
  });
}

/** What `npm start` is asked to do. */
export interface StartOptions {
  /** End after the story. */
  once?: boolean;
  /** Any port will do if it is 0; 4566, or any free one, if it is absent. */
  port?: number;
  /** Print nothing. */
  silent?: boolean;
}

/** Where the AWS is, and what is on it. */
export interface Started extends Pick<Told, 'userPoolId' | 'identityPoolId'> {
  endpoint: string;
  /** ARN of the execution that the story is about. */
  execution: string;
  /** Where it can be looked at in the browser, if it stays up. */
  console?: string;
}

/**
 * Starts an AWS on this machine, tells the story of the service on it and, unless it is to be told only
 * once, stays up.
 *
 * @throws if the story goes otherwise than told, or the port is taken.
 */
export async function start({ once, port, silent = false }: StartOptions): Promise<Started> {
  const say = silent ? () => {} : console.log;
  const local = await startOn(port);
  say(`An AWS of its own is running on ${bold(local.endpoint)}, for this machine only.\n`);
  let told: Told | undefined;
  process.once('SIGINT', async () => {
    await local.close();
    say('\nEnded.');
    // Folders are removed when the process exits; Ctrl-C during the story ends packaging as well.
    process.exit(told ? 0 : 130);
  });
  try {
    told = await tell(local, { silent });
    say(['', bold('What changed'), ...differenceShown(told)].join('\n'));
    say(['', bold('The audit of the execution'), ...auditLines(told)].join('\n'));
  } catch (error) {
    await local.close();
    throw error;
  }
  const { userPoolId, identityPoolId, executionArn: execution } = told;
  const started = { endpoint: local.endpoint, userPoolId, identityPoolId, execution };
  if (once) {
    await local.close();
    return started;
  }
  const address = await consoleOn(local, told);
  say(`\n${howToReach(local, told, address).join('\n')}`);
  if (!silent) watch(local);
  return { ...started, console: address };
}
