import type { IdentityPool } from '@aws-sdk/client-cognito-identity';
import type { World } from '../world.ts';
import { poolbridge } from './command.ts';

/** The options that name an app client. */
export const subject = (clientId: string, userPool = 'us-east-1_Mobile001') => [
  '--user-pool',
  userPool,
  '--client',
  clientId,
];

export const clientsIn = ({ CognitoIdentityProviders = [] }: IdentityPool) =>
  CognitoIdentityProviders.map(({ ClientId }) => ClientId);

/** What an operator does at a terminal. */
export function operatorOf(world: () => World) {
  const say = (...args: string[]) => poolbridge(world(), args);
  /** Runs a command with --json, and parses its answer. */
  const json = async (...args: string[]) => {
    const said = await say(...args, '--json');
    return { ...said, answer: JSON.parse(said.out) };
  };
  const linked = async (clientId: string) => {
    const { answer } = await json('link', ...subject(clientId));
    return answer.execution as string;
  };
  const entriesOf = async (pool: string) => clientsIn(await world().describe(pool));
  return { say, json, linked, entriesOf };
}
