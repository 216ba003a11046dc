import { SFNClient, type SFNClientConfig, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { stateMachineName } from '../core/deployment.ts';

interface Provider {
  getAccountInfo(): Promise<{ partition: string; accountId: string }>;
  getRegion(): string;
  getStage(): string;
  getAwsSdkV3Config(): Promise<SFNClientConfig>;
}

interface Serverless {
  getProvider(name: 'aws'): Provider;
}

interface Writers {
  log: { notice(message: string): void; warning(message: string): void };
}

/**
 * Starts a reconcile at the end of a deployment, so that existing app clients that links.yml now covers are linked. It
 * compares only the identity pools whose links have changed.
 * The deployment does not wait for it, and succeeds even if it can not be started.
 */
export default class ReconcilePlugin {
  readonly hooks = { 'after:deploy:deploy': () => this.#start() };

  readonly #serverless: Serverless;
  readonly #log: Writers['log'];

  constructor(serverless: Serverless, _options: object, { log }: Writers) {
    this.#serverless = serverless;
    this.#log = log;
  }

  async #start(): Promise<void> {
    const provider = this.#serverless.getProvider('aws');
    const machine = stateMachineName(provider.getStage(), 'reconcile');
    try {
      const { partition, accountId } = await provider.getAccountInfo();
      const client = new SFNClient(await provider.getAwsSdkV3Config());
      const { executionArn } = await client.send(
        new StartExecutionCommand({
          stateMachineArn: `arn:${partition}:states:${provider.getRegion()}:${accountId}:stateMachine:${machine}`,
          // The rule that reports failed reconciles names this input.
          input: '{"repair":true,"changedOnly":true}',
        }),
      );
      this.#log.notice(`Existing app clients are being linked: ${executionArn}`);
    } catch (error) {
      this.#log.warning(
        `Existing app clients are not linked yet, since ${machine} could not be started (${(error as Error).message}). Start it with {"repair":true}, or wait for its schedule.`,
      );
    }
  }
}
