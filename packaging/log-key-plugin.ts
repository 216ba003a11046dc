interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

interface Serverless {
  classes: { Error: new (message: string, code: string) => Error };
  service: {
    custom: { logsKmsKey: string };
    provider: { compiledCloudFormationTemplate: Template };
  };
}

// CloudWatch Logs takes a key by its ARN only, and neither an alias nor another Region's key.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
const KEY_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;

/**
 * Encrypts every log group of the service with the key that `logsKmsKey` names. It works on the compiled
 * template, since the framework adds the functions' log groups.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export default class LogKeyPlugin {
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
    const { logsKmsKey } = service.custom;
    if (logsKmsKey === '' || KEY_ARN.test(logsKmsKey)) return;
    throw new classes.Error(
      `logsKmsKey is "${logsKmsKey}", which is not the ARN of a KMS key. Give one like arn:aws:kms:us-east-1:111111111111:key/12345678-1234-1234-1234-123456789012. Nothing was packaged.`,
      'INVALID_LOGS_KMS_KEY',
    );
  }

  #apply(): void {
    const { custom, provider } = this.#serverless.service;
    if (custom.logsKmsKey === '') return;
    for (const resource of Object.values(provider.compiledCloudFormationTemplate.Resources)) {
      if (resource.Type !== 'AWS::Logs::LogGroup') continue;
      resource.Properties = { ...resource.Properties, KmsKeyId: custom.logsKmsKey };
    }
  }
}
