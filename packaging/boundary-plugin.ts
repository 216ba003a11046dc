interface Template {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
}

interface Serverless {
  classes: { Error: new (message: string, code: string) => Error };
  service: {
    custom: { permissionsBoundary: string };
    provider: { compiledCloudFormationTemplate: Template };
  };
}

// An account's own policy or one of AWS's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
const POLICY_ARN = /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/;

/**
 * Puts the permissions boundary that `permissionsBoundary` names on every role of the service. It works on
 * the compiled template, so that roles which the framework or another plugin adds get it as well.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 */
export default class BoundaryPlugin {
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
    const { permissionsBoundary } = service.custom;
    if (permissionsBoundary === '' || POLICY_ARN.test(permissionsBoundary)) return;
    throw new classes.Error(
      `permissionsBoundary is "${permissionsBoundary}", which is not the ARN of an IAM policy. Give one like arn:aws:iam::111111111111:policy/boundary. Nothing was packaged.`,
      'INVALID_PERMISSIONS_BOUNDARY',
    );
  }

  #apply(): void {
    const { custom, provider } = this.#serverless.service;
    if (custom.permissionsBoundary === '') return;
    for (const resource of Object.values(provider.compiledCloudFormationTemplate.Resources)) {
      if (resource.Type !== 'AWS::IAM::Role') continue;
      resource.Properties = {
        ...resource.Properties,
        PermissionsBoundary: custom.permissionsBoundary,
      };
    }
  }
}
