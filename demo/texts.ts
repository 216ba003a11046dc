import { styleText } from 'node:util';
import type { LocalAws } from 'embedded-aws';
import { changeLines } from '../cli/output/changes.ts';
import type { ShownChange } from '../core/identity-pool/changes.ts';
import { counted } from '../core/sentence.ts';
import type { Where } from './accounts.ts';
import { environmentOf, exportLines } from './running.ts';
import { NEW_CLIENT, type Told } from './story.ts';

/** A deployment on the embedded AWS that a person can try out. */
export interface Deployment {
  local: LocalAws;
  /** The account and Region of the service. */
  home: Where;
  /** A user pool and an identity pool that a link connects, if the user pool is in that account. */
  pair?: { userPoolId: string; userPools: Where; identityPoolId: string; identityPools: Where };
}

/** The changes of the execution, with the name that the demo gave its app client. */
const changesOf = ({ newClient }: Told, changes: ShownChange[]): string[] =>
  changeLines(changes, new Map([[newClient, NEW_CLIENT]]));

const dim = (text: string): string => styleText('dim', text);
/** The lines of a text, with a margin. */
export const indented = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`);

/** Bold text. */
export const bold = (text: string): string => styleText('bold', text);

/** What an auditor wants to know about an execution. */
export function auditLines(told: Told): string[] {
  const { output, executionArn, result } = told;
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

/** What the execution changed, and what it left as it was. */
export function changedLines(told: Told): string[] {
  const { result } = told;
  const entries = result.before.CognitoIdentityProviders;
  const kept = [
    counted(Array.isArray(entries) ? entries.length : 0, 'other user pool client'),
    'social, OpenID Connect, SAML and developer providers',
    'classic flow, guest access, name and tags',
  ];
  return [
    `  ${changesOf(told, result.changes).join('\n  ')}`,
    ...kept.map((each, index) => dim(`  ${index === 0 ? 'untouched: ' : '           '}${each}`)),
  ];
}

/** How a person can try out the deployment, from another terminal and in the browser. */
export function tryOutLines({ local, home, pair }: Deployment, address: string): string[] {
  const environment = environmentOf({ endpoint: local.endpoint, region: home.region });
  const commands = pair
    ? [
        dim('  # create an app client in Account-A: it is linked, and this terminal says so'),
        '  aws cognito-idp create-user-pool-client --client-name android \\',
        `    --user-pool-id ${pair.userPoolId} --region ${pair.userPools.region}`,
        dim('  # the identity pool, as its own account sees it'),
        `  AWS_ACCESS_KEY_ID=${pair.identityPools.account} aws cognito-identity describe-identity-pool \\`,
        `    --region ${pair.identityPools.region} \\`,
        `    --identity-pool-id ${pair.identityPoolId}`,
      ]
    : [];
  return [
    bold('It stays up. Try it in the browser:'),
    `  ${address}`,
    bold('Or in another terminal, in this folder. First set its environment to Account-A:'),
    '  eval "$(npx poolbridge local --env)"',
    dim('  # which is'),
    ...exportLines(environment).map((line) => dim(`  ${line}`)),
    bold('Then, for example:'),
    '  npx poolbridge status',
    '  npx poolbridge history',
    ...commands,
    dim('Ctrl-C ends it.'),
    '',
    bold('Executions, as they happen:'),
  ];
}
