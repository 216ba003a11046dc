import type { CloudTrail } from '@aws-sdk/client-cloudtrail';
import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { CognitoIdentity } from '@aws-sdk/client-cognito-identity';
import type { CognitoIdentityProvider } from '@aws-sdk/client-cognito-identity-provider';
import type { DynamoDB } from '@aws-sdk/client-dynamodb';
import type { EventBridge } from '@aws-sdk/client-eventbridge';
import type { SFN } from '@aws-sdk/client-sfn';
import { parseArn } from '../core/arn.ts';
import {
  type CredentialOptions,
  type Credentials,
  credentialsOf,
  type Provider,
} from './credentials.ts';
import { networkOf } from './network.ts';
import { checkProfile } from './profiles.ts';

/** What the options say about the session; what they leave out is found as the AWS CLI finds it. */
export interface SessionOptions extends CredentialOptions {
  region?: string;
  endpoint?: string;
}

/** Who runs a command, and the account and Region of its state machines. */
export interface Caller {
  arn: string;
  partition: string;
  region: string;
  account: string;
}

/**
 * How long each attempt of a call may take, in milliseconds, as with the AWS CLI. The SDK would wait without end, and the command
 * would say nothing.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
 */
const TIMEOUTS = { connectionTimeout: 60_000, requestTimeout: 60_000, throwOnRequestTimeout: true };

interface Config {
  requestHandler: typeof TIMEOUTS & Partial<ReturnType<typeof networkOf>['requestHandler']>;
  region?: string;
  endpoint?: string;
  credentials?: Credentials | Provider;
}

/** The configuration of every client of a command. */
async function configOf(options: SessionOptions): Promise<Config> {
  const { profile, endpoint } = options;
  if (profile !== undefined) {
    // A profile may also set the endpoint, and the SDK finds that profile only through the environment.
    process.env['AWS_PROFILE'] = profile;
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    delete process.env['AWS_SESSION_TOKEN'];
  }
  // The AWS CLI reads both variables; the SDK reads only the first.
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = options.region || AWS_REGION || AWS_DEFAULT_REGION;
  const { requestHandler } = networkOf();
  const config = {
    requestHandler: { ...TIMEOUTS, ...requestHandler },
    ...(region && { region }),
    ...(endpoint && { endpoint }),
  };
  if (!options.credentials) await checkProfile(process.env['AWS_PROFILE']);
  return { ...config, ...(await credentialsOf(options)) };
}

/**
 * How a client that may read more than AWS grants at once retries. A number in the environment counts more.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
async function retries(): Promise<object> {
  if (process.env['AWS_MAX_ATTEMPTS']) return {};
  const { patient } = await import('../aws/pace/pace.ts');
  return patient();
}

/** Clients for one account and Region, configured as the AWS CLI is. Each client is loaded when it is needed. */
export class Session {
  readonly #options: SessionOptions;
  readonly #config: Promise<Config>;
  readonly #stepFunctions = new Map<string | undefined, SFN>();
  #caller: Promise<Caller> | undefined;
  #table: DynamoDB | undefined;
  #logs: CloudWatchLogs | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#config = configOf(options);
    // The call that asks for a client first gets the error.
    this.#config.catch(() => {});
  }

  /** The same endpoint and Region with other credentials. */
  as(credentials: Credentials): Session {
    const { region, endpoint } = this.#options;
    return new Session({
      credentials,
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
    });
  }

  /** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
  caller(): Promise<Caller> {
    this.#caller ??= this.#callerIdentity().catch((error) => {
      // The next call tries again.
      this.#caller = undefined;
      throw error;
    });
    return this.#caller;
  }

  async #callerIdentity(): Promise<Caller> {
    const { STS } = await import('@aws-sdk/client-sts');
    const sts = new STS(await this.#config);
    const { Arn = '', Account = '' } = await sts.getCallerIdentity({});
    const { partition } = parseArn(Arn);
    return { arn: Arn, partition, region: await sts.config.region(), account: Account };
  }

  /** Whether this is AWS itself, and not another endpoint. */
  async isAwsItself(): Promise<boolean> {
    const { config } = await this.stepFunctions();
    return !config.endpoint && !(await config.serviceConfiguredEndpoint?.());
  }

  /** @param region the Region of an ARN, if it differs from the session's. */
  async stepFunctions(region?: string): Promise<SFN> {
    const { SFN } = await import('@aws-sdk/client-sfn');
    const retry = await retries();
    const config = await this.#config;
    const known = this.#stepFunctions.get(region);
    const sfn = known ?? new SFN({ ...config, ...retry, ...(region && { region }) });
    this.#stepFunctions.set(region, sfn);
    return sfn;
  }

  async logs(): Promise<CloudWatchLogs> {
    const { CloudWatchLogs } = await import('@aws-sdk/client-cloudwatch-logs');
    const retry = await retries();
    const config = await this.#config;
    // One client for all calls, since each client learns the rate that AWS allows.
    this.#logs ??= new CloudWatchLogs({ ...config, ...retry });
    return this.#logs;
  }

  async table(): Promise<DynamoDB> {
    const { DynamoDB } = await import('@aws-sdk/client-dynamodb');
    const config = await this.#config;
    this.#table ??= new DynamoDB(config);
    return this.#table;
  }

  async events(): Promise<EventBridge> {
    const { EventBridge } = await import('@aws-sdk/client-eventbridge');
    return new EventBridge(await this.#config);
  }

  async userPools(region: string): Promise<CognitoIdentityProvider> {
    const { CognitoIdentityProvider } = await import('@aws-sdk/client-cognito-identity-provider');
    return new CognitoIdentityProvider({ ...(await this.#config), ...(await retries()), region });
  }

  async identityPools(region: string): Promise<CognitoIdentity> {
    const { CognitoIdentity } = await import('@aws-sdk/client-cognito-identity');
    return new CognitoIdentity({ ...(await this.#config), region });
  }

  async trails(region: string): Promise<CloudTrail> {
    const { CloudTrail } = await import('@aws-sdk/client-cloudtrail');
    return new CloudTrail({ ...(await this.#config), ...(await retries()), region });
  }
}
