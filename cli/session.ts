import type { CloudTrail } from '@aws-sdk/client-cloudtrail';
import type { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import type { DynamoDB } from '@aws-sdk/client-dynamodb';
import type { EventBridge } from '@aws-sdk/client-eventbridge';
import type { SFN } from '@aws-sdk/client-sfn';
import { patient } from '../aws/pace/pace.ts';
import { parseArn } from '../core/arn.ts';

/** Who asks. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Where to, as the options say; what they leave open is as the AWS CLI has it. */
export interface Whither {
  profile?: string;
  region?: string;
  endpoint?: string;
  /** In place of those that are around. */
  credentials?: Credentials;
}

/** Who runs a command, and where its machines are. */
export interface Caller {
  arn: string;
  partition: string;
  region: string;
  account: string;
}

interface Config {
  region?: string;
  endpoint?: string;
  credentials?: Credentials;
}

// Of a profile and of credentials in the environment the AWS CLI takes the latter, unless the profile
// was named as an option; the SDK takes the profile always.
// https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-authentication.html
function credentialsOf({ profile, credentials }: Whither): Pick<Config, 'credentials'> {
  if (credentials) return { credentials };
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (profile !== undefined || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return {};
  return {
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    },
  };
}

/** What every client of a command is made with. */
function configOf(whither: Whither): Config {
  const { profile, endpoint } = whither;
  if (profile !== undefined) {
    // A profile may say the endpoint too, and the SDK looks for that one by the environment alone.
    process.env['AWS_PROFILE'] = profile;
    delete process.env['AWS_ACCESS_KEY_ID'];
    delete process.env['AWS_SECRET_ACCESS_KEY'];
    delete process.env['AWS_SESSION_TOKEN'];
  }
  // The AWS CLI takes its Region from either; the SDK knows the first alone.
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = whither.region || AWS_REGION || AWS_DEFAULT_REGION;
  return {
    ...(region && { region }),
    ...(endpoint && { endpoint }),
    ...credentialsOf(whither),
  };
}

/** An account and Region, reached as the AWS CLI reaches them. Each client is loaded when it is needed. */
export class Session {
  readonly #config: Config;
  readonly #stepFunctions = new Map<string | undefined, SFN>();
  #caller: Promise<Caller> | undefined;
  #table: DynamoDB | undefined;
  #logs: CloudWatchLogs | undefined;

  constructor(whither: Whither) {
    this.#config = configOf(whither);
  }

  /** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
  caller(): Promise<Caller> {
    this.#caller ??= this.#whoAmI().catch((error) => {
      // Who can't be told now may be told later.
      this.#caller = undefined;
      throw error;
    });
    return this.#caller;
  }

  async #whoAmI(): Promise<Caller> {
    const { STS } = await import('@aws-sdk/client-sts');
    const sts = new STS(this.#config);
    const { Arn = '', Account = '' } = await sts.getCallerIdentity({});
    const { partition } = parseArn(Arn);
    return { arn: Arn, partition, region: await sts.config.region(), account: Account };
  }

  /** Whether this is AWS itself, and not something else that answers as it does. */
  async isAwsItself(): Promise<boolean> {
    const { config } = await this.stepFunctions();
    return !config.endpoint && !(await config.serviceConfiguredEndpoint?.());
  }

  /** @param region another than the session's, where an ARN says so. */
  async stepFunctions(region?: string): Promise<SFN> {
    const { SFN } = await import('@aws-sdk/client-sfn');
    const known = this.#stepFunctions.get(region);
    const sfn = known ?? new SFN({ ...this.#config, ...patient(), ...(region && { region }) });
    this.#stepFunctions.set(region, sfn);
    return sfn;
  }

  async logs(): Promise<CloudWatchLogs> {
    const { CloudWatchLogs } = await import('@aws-sdk/client-cloudwatch-logs');
    // One client: each learns by itself at which rate AWS answers.
    this.#logs ??= new CloudWatchLogs({ ...this.#config, ...patient() });
    return this.#logs;
  }

  async table(): Promise<DynamoDB> {
    const { DynamoDB } = await import('@aws-sdk/client-dynamodb');
    this.#table ??= new DynamoDB(this.#config);
    return this.#table;
  }

  async events(): Promise<EventBridge> {
    const { EventBridge } = await import('@aws-sdk/client-eventbridge');
    return new EventBridge(this.#config);
  }

  async trails(region: string): Promise<CloudTrail> {
    const { CloudTrail } = await import('@aws-sdk/client-cloudtrail');
    return new CloudTrail({ ...this.#config, ...patient(), region });
  }
}
