import type {
  CognitoIdentityProvider,
  ExplicitAuthFlowsType,
} from '@aws-sdk/client-cognito-identity-provider';
import { executionOf } from '../../core/execution.ts';
import { userPoolRegion } from '../../core/user-pool.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Machines } from './machines.ts';

const SIGN_IN_FLOWS: ExplicitAuthFlowsType[] = [
  'ALLOW_USER_PASSWORD_AUTH',
  'ALLOW_REFRESH_TOKEN_AUTH',
];

/** The app client of a trial, which is deleted however the trial ends. */
export class TrialClient {
  /** Its id, once it is created. */
  readonly id: Promise<string>;
  /** Whether it may have been linked. */
  isLinked = false;
  /** The name of the execution that waits for approval to link it or, once it is linked, to unlink it. */
  waitsIn: string | undefined;
  readonly #pools: CognitoIdentityProvider;
  readonly #userPool: string;
  #deleted: Promise<unknown> | undefined;
  #taken: Promise<void> | undefined;

  constructor(
    pools: CognitoIdentityProvider,
    { userPool, clientName, signsIn }: { userPool: string; clientName: string; signsIn: boolean },
  ) {
    this.#pools = pools;
    this.#userPool = userPool;
    const request = {
      UserPoolId: userPool,
      ClientName: clientName,
      ...(signsIn && { ExplicitAuthFlows: SIGN_IN_FLOWS }),
    };
    this.id = pools
      .createUserPoolClient(request)
      .then(({ UserPoolClient: { ClientId = '' } = {} }) => ClientId);
    // The caller that waits for it first gets the error.
    this.id.catch(() => {});
  }

  /** Deletes it, once. */
  delete(): Promise<unknown> {
    this.#deleted ??= this.id.then((ClientId) =>
      this.#pools.deleteUserPoolClient({ UserPoolId: this.#userPool, ClientId }),
    );
    return this.#deleted;
  }

  /** Whether the app client could be deleted. */
  async #sayDeleted(clientId: string, terminal: Terminal): Promise<boolean> {
    try {
      await this.delete();
      terminal.note('The app client is deleted.');
      return true;
    } catch (error) {
      terminal.note(
        `The app client is still there (${(error as Error).message}). To delete it: aws cognito-idp delete-user-pool-client --user-pool-id ${this.#userPool} --client-id ${clientId} --region ${userPoolRegion(this.#userPool)}`,
      );
      return false;
    }
  }

  /** What a trial finds. If it fails, what it has made is taken away. */
  async orTakenAway<T>(
    machines: Machines,
    terminal: Terminal,
    trial: () => Promise<T>,
  ): Promise<T> {
    try {
      return await trial();
    } catch (error) {
      await this.takeAway(machines, terminal);
      throw error;
    }
  }

  /** Takes away, once, what a trial that has not ended has made, and says what may be left. */
  takeAway(machines: Machines, terminal: Terminal): Promise<void> {
    this.#taken ??= this.#takeAway(machines, terminal);
    return this.#taken;
  }

  async #takeAway(machines: Machines, terminal: Terminal): Promise<void> {
    const userPool = this.#userPool;
    // Without it, there is nothing to take away.
    const clientId = await this.id.catch(() => undefined);
    if (clientId === undefined) return;
    const unlink = terminal.commandLine(
      `unlink --user-pool ${userPool} --client ${clientId} --yes`,
    );
    const deleted = await this.#sayDeleted(clientId, terminal);
    if (this.waitsIn !== undefined) {
      const [what, decision, option] = this.isLinked
        ? ['unlink', 'approve', '']
        : ['link', 'deny', ' --deny'];
      const decide = terminal.commandLine(`approve ${this.waitsIn}${option} --reason "…"`);
      terminal.note(
        `The request to ${what} it still waits for approval. To ${decision} it: ${decide}`,
      );
      return;
    }
    if (!this.isLinked) {
      const later = deleted ? 'If it is linked all the same' : 'Then';
      terminal.note(`${later}, unlink it: ${unlink}`);
      return;
    }
    try {
      const execution = await machines.start('link', unlinkOf(userPool, clientId));
      const show = terminal.commandLine(`show ${executionOf(execution).name}`);
      terminal.note(`Its entries are being unlinked. To see it: ${show}`);
    } catch (error) {
      terminal.note(
        `Its entries may be left (${(error as Error).message}). To unlink them: ${unlink}`,
      );
    }
  }
}

/** The request that unlinks what the links of a trial keep. */
export const unlinkOf = (userPoolId: string, clientId: string) => ({
  operation: 'unlink' as const,
  userPoolId,
  clientId,
  reason: 'the end of a trial',
});
