type Params = Record<string, unknown>;

interface Deployer {
  getCreateChangeSetParams?(...args: unknown[]): Params;
}

interface Serverless {
  pluginManager: { plugins: Deployer[] };
}

/**
 * Takes a table that an earlier stack has left into the new stack: the table's name is fixed, so that
 * CloudFormation could not create it again. Of all resources of the service only the table can be taken in
 * like this, since no other has the deletion policy Retain.
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
