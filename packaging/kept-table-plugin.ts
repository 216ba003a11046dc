type Params = Record<string, unknown>;

interface Deployer {
  getCreateChangeSetParams?(...args: unknown[]): Params;
}

interface Serverless {
  pluginManager: { plugins: Deployer[] };
}

/**
 * Imports the table of a removed stack into the new stack. The table's name is fixed, so CloudFormation could not
 * create it again. Only the table can be imported like this: no other resource has the deletion policy Retain.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
 */
export default class KeptTablePlugin {
  readonly hooks = { 'before:deploy:deploy': () => this.#apply() };

  readonly #serverless: Serverless;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
  }

  #apply(): void {
    for (const plugin of this.#serverless.pluginManager.plugins) {
      const paramsOf = plugin.getCreateChangeSetParams?.bind(plugin);
      if (!paramsOf) continue;
      plugin.getCreateChangeSetParams = (...args) => ({
        ...paramsOf(...args),
        ImportExistingResources: true,
      });
    }
  }
}
