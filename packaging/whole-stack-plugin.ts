interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

/** The parameters that set a property on every resource of a type; blank means unset. */
type Parameters = Record<'permissionsBoundary' | 'logsKmsKey', string>;

interface Serverless {
  classes: { Error: new (message: string, code: string) => Error };
  service: {
    custom: Parameters;
    provider: { compiledCloudFormationTemplate: Template };
  };
}

interface Setting {
  parameter: keyof Parameters;
  pattern: RegExp;
  /** What the pattern matches, for the error message. */
  means: string;
  example: string;
  code: string;
  type: string;
  property: string;
}

const settings: readonly Setting[] = [
  {
    parameter: 'permissionsBoundary',
    // A policy of the account, or one that AWS manages.
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    pattern: /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
    means: 'the ARN of an IAM policy',
    example: 'arn:aws:iam::111111111111:policy/boundary',
    code: 'INVALID_PERMISSIONS_BOUNDARY',
    type: 'AWS::IAM::Role',
    property: 'PermissionsBoundary',
  },
  {
    parameter: 'logsKmsKey',
    // CloudWatch Logs accepts only the ARN of a key in the same Region, not an alias.
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    pattern: /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
    means: 'the ARN of a KMS key',
    example: 'arn:aws:kms:us-east-1:111111111111:key/12345678-1234-1234-1234-123456789012',
    code: 'INVALID_LOGS_KMS_KEY',
    type: 'AWS::Logs::LogGroup',
    property: 'KmsKeyId',
  },
];

/**
 * Sets the permissions boundary on every role and the KMS key on every log group of the service. It changes the
 * compiled template, so that resources of the framework and of other plugins get them too.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export default class WholeStackPlugin {
  readonly hooks = {
    'before:package:cleanup': () => this.#check(),
    'after:aws:package:finalize:mergeCustomProviderResources': () => this.#apply(),
  };

  readonly #serverless: Serverless;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
  }

  #check(): void {
    const { classes, service } = this.#serverless;
    for (const { parameter, pattern, means, example, code } of settings) {
      const value = service.custom[parameter];
      if (value === '' || pattern.test(value)) continue;
      throw new classes.Error(
        `${parameter} is "${value}", which is not ${means}. Use one like ${example}. Nothing was packaged.`,
        code,
      );
    }
  }

  #apply(): void {
    const { custom, provider } = this.#serverless.service;
    const resources = Object.values(provider.compiledCloudFormationTemplate.Resources);
    for (const { parameter, type, property } of settings) {
      if (custom[parameter] === '') continue;
      for (const resource of resources.filter(({ Type }) => Type === type)) {
        resource.Properties = { ...resource.Properties, [property]: custom[parameter] };
      }
    }
  }
}
