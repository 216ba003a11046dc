import { type BuildOptions, build } from 'esbuild';
import { 'module.exports' as bundling } from './esbuild.ts';

/** What serverless-esbuild has, of which its own types show nothing. */
interface EsbuildPlugin {
  serviceDirPath: string;
  buildDirPath: string;
  functionEntries: { entry: string }[];
  /** The builds of earlier runs, by entry. Those that can be repeated are repeated. */
  buildCache: Record<string, { result: { rebuild(): Promise<void> } }>;
}

interface Serverless {
  service: { custom: { links: string } };
  pluginManager: { plugins: object[] };
}

const isEsbuildPlugin = (plugin: object): plugin is EsbuildPlugin =>
  'buildCache' in plugin && 'functionEntries' in plugin;

/**
 * Bundles all functions in one run of esbuild, which reads each module once. serverless-esbuild runs esbuild for each
 * function, and each run reads the SDK again. The bundles are the same.
 */
export default class OneBuildPlugin {
  readonly hooks = { 'before:package:createDeploymentArtifacts': () => this.#replace() };

  readonly #serverless: Serverless;

  constructor(serverless: Serverless) {
    this.#serverless = serverless;
  }

  #replace(): void {
    const found = this.#serverless.pluginManager.plugins.find(isEsbuildPlugin);
    if (!found) throw new Error('serverless-esbuild is missing, or has no cache of builds.');
    const { serviceDirPath, buildDirPath, functionEntries } = found;
    const entries = [...new Set(functionEntries.map(({ entry }) => entry))];
    const options: BuildOptions = {
      ...bundling(this.#serverless),
      platform: 'node',
      absWorkingDir: serviceDirPath,
      entryPoints: entries,
      outbase: '.',
      outdir: buildDirPath,
    };
    let built: Promise<unknown> | undefined;
    const rebuild = async () => {
      built ??= build(options);
      await built;
    };
    found.buildCache = Object.fromEntries(entries.map((entry) => [entry, { result: { rebuild } }]));
  }
}
