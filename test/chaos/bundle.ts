import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import type { Link } from '../../core/links/links.ts';
import { loadLinks } from '../../packaging/links-file/links-file.ts';
import type { Mistake } from './mistake.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

type Handler = (event: unknown, context: object) => Promise<unknown>;

export interface Handlers {
  /** The handlers, by function name. */
  steps: Record<string, Handler>;
  /** The links that the handlers use. Changing them has the effect of a new deployment. */
  links: Record<string, Link>;
}

const files: Record<string, string> = {
  ResolveTargets: 'resolve-targets',
  AssumeRole: 'assume-role',
  DescribeIdentityPool: 'describe-identity-pool',
  MergeProvider: 'merge-provider',
  UpdateIdentityPool: 'update-identity-pool',
  VerifyIdentityPool: 'verify-identity-pool',
  ReportOutcome: 'report-outcome',
  RequestApproval: 'request-approval',
  CheckApproval: 'check-approval',
  ResolveLinks: 'resolve-links',
  ListAppClients: 'list-app-clients',
  ReconcileIdentityPool: 'reconcile-identity-pool',
  ExplainRemoved: 'explain-removed',
  ReportReconcile: 'report-reconcile',
  NoteChange: 'note-change',
  NoteRename: 'note-rename',
  NoteRoom: 'note-room',
  Sweep: 'sweep',
};

const entry = [
  ...Object.entries(files).map(
    ([name, file]) => `export { handler as ${name} } from './functions/${file}.ts';`,
  ),
  "export { default as links } from '#links';",
].join('\n');

const COPIES_SETTINGS =
  /\/(schema(Des|S)erializationMiddleware|endpointMiddleware|resolveAwsSdkSigV4Config)\.js$/;

/** Replaces what the process of a Lambda function provides: network, credentials, and signing. */
const surroundings: Plugin = {
  name: 'surroundings',
  setup(bundling) {
    const from = (filter: RegExp, contents: string) => {
      const namespace = `chaos-${filter.source.replace(/\W/g, '')}`;
      bundling.onResolve({ filter }, ({ path }) => ({ path, namespace }));
      bundling.onLoad({ filter: /.*/, namespace }, () => ({ contents, resolveDir: root }));
    };
    // Every call of every SDK client goes through the suite.
    from(
      /^@smithy\/node-http-handler$/,
      `export class NodeHttpHandler {
        metadata = { handlerProtocol: 'http/1.1' };
        static create(options) { return typeof options?.handle === 'function' ? options : new NodeHttpHandler(options); }
        constructor(options = {}) { this.options = options; }
        handle(request, options) { return globalThis.chaos.handle(request, { ...this.options, ...options }); }
        updateHttpClientConfig() {}
        httpHandlerConfigs() { return this.options; }
        destroy() {}
      }
      export const streamCollector = async (body) => body;`,
    );
    from(
      /^@aws-sdk\/credential-provider-node$/,
      `export const defaultProvider = () => async () => globalThis.chaos.credentials();`,
    );
    // No signature is checked here; only the access key matters, because it identifies the caller.
    from(
      /^@smithy\/signature-v4$/,
      `const valueOf = (value) => (typeof value === 'function' ? value() : value);
      export class SignatureV4 {
        constructor({ credentials, region, service }) {
          Object.assign(this, { credentials, region, service });
        }
        async sign(request, { signingRegion, signingService } = {}) {
          const { accessKeyId, sessionToken } = await valueOf(this.credentials);
          const region = signingRegion ?? (await valueOf(this.region));
          const scope = [accessKeyId, '20260101', region, signingService ?? this.service, 'aws4_request'];
          request.headers.authorization =
            'AWS4-HMAC-SHA256 Credential=' + scope.join('/') + ', SignedHeaders=host, Signature=0';
          if (sessionToken) request.headers['x-amz-security-token'] = sessionToken;
          return request;
        }
      }`,
    );
    // These middlewares build text for every call, and nothing reads it.
    bundling.onLoad({ filter: /\/loggerMiddleware\.js$/ }, () => ({
      contents: `export const loggerMiddleware = () => (next) => next;
        export const loggerMiddlewareOptions = {};
        export const getLoggerPlugin = () => ({ applyToStack() {} });`,
    }));
    bundling.onLoad({ filter: /\/user-agent-middleware\.js$/ }, () => ({
      contents: `export const userAgentMiddleware = () => (next) => next;
        export const getUserAgentMiddlewareOptions = {};
        export const getUserAgentPlugin = () => ({ applyToStack() {} });`,
    }));
    // No Lambda function invokes another one here, so recursion detection is not needed.
    bundling.onLoad({ filter: /\/recursionDetectionMiddleware\.js$/ }, () => ({
      contents: 'export const recursionDetectionMiddleware = () => (next) => next;',
    }));
    // The SDK copies all client settings four times per call, which takes a tenth of a seed's time. Inherit
    // them instead.
    bundling.onLoad({ filter: COPIES_SETTINGS }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes('...config')) throw new Error(`${path} no longer copies the settings.`);
      return { contents: source.replaceAll('...config', '__proto__: config') };
    });
    // Lambda functions have no AWS config files, and reading them takes real time.
    bundling.onLoad({ filter: /shared-ini-file-loader\/readFile\.js$/ }, () => ({
      contents: `export const readFile = async () => '';
        export const fileIntercept = {};
        export const filePromises = {};`,
    }));
    from(
      /^@smithy\/core\/event-streams$|^@aws-sdk\/signature-v4-multi-region$/,
      'module.exports = {};',
    );
  },
};

/** The source of a file with the changes of a mistake applied. */
function withBug({ name, changes }: Mistake, file: string): string {
  const source = readFileSync(join(root, file), 'utf8');
  return changes
    .filter((change) => change.file === file)
    .reduce((patched, { find, replace }) => {
      if (patched.includes(find)) return patched.replace(find, () => replace);
      throw new Error(`${file} no longer has what the bug “${name}” replaces: ${find}`);
    }, source);
}

const patched = (bug: Mistake): Plugin => ({
  name: 'bug',
  setup(bundling) {
    bundling.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const file = relative(root, path);
      if (!bug.changes.some((change) => change.file === file)) return undefined;
      return { contents: withBug(bug, file), loader: 'ts' };
    });
  },
});

const common = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  logLevel: 'error',
} as const satisfies BuildOptions;

const own = {
  ...common,
  stdin: { contents: entry, resolveDir: root, loader: 'ts' },
} as const satisfies BuildOptions;

/** Bundles each package that the handlers import as a separate module, once for all mistakes. */
async function bundlePackages(): Promise<Map<string, string>> {
  const outdir = mkdtempSync(join(tmpdir(), 'poolbridge-chaos-'));
  process.once('exit', () => rmSync(outdir, { recursive: true }));
  const { metafile } = await build({ ...own, packages: 'external', metafile: true, write: false });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const outside = imports.filter(({ path, external }) => external && !/^(node:|#)/.test(path));
  const names = [...new Set(outside.map(({ path }) => path))];
  await build({
    ...common,
    entryPoints: Object.fromEntries(names.map((name, i) => [`package${i}`, name])),
    outdir,
    splitting: true,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [surroundings],
  });
  return new Map(names.map((name, i) => [name, `${pathToFileURL(outdir)}/package${i}.mjs`]));
}

let packages: Promise<Map<string, string>> | undefined;

/** Resolves imports of packages to the bundled modules, and `#links` to the given links. */
const inPlace = (modules: Map<string, string>, links: URL): Plugin => ({
  name: 'in-place',
  setup(bundling) {
    bundling.onResolve({ filter: /^[@a-z]/ }, ({ path }) => {
      const module = modules.get(path);
      return module === undefined ? undefined : { path: module, external: true };
    });
    bundling.onResolve({ filter: /^#links$/ }, ({ path }) => ({ path, namespace: 'links' }));
    bundling.onLoad({ filter: /.*/, namespace: 'links' }, () => ({
      contents: `export default ${JSON.stringify(loadLinks(fileURLToPath(links)))};`,
    }));
  },
});

/** Loads the real handlers as one module whose calls go through the suite; with a mistake, if given. */
export async function loadHandlers(
  bug?: Mistake,
  links = new URL('links.yml', import.meta.url),
): Promise<Handlers> {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-chaos-'));
  const outfile = join(folder, 'handlers.mjs');
  process.env['AWS_REGION'] = 'us-east-1';
  process.env['AWS_ENDPOINT_URL'] = 'http://chaos';
  process.env['TABLE_NAME'] = 'poolbridge-dev';
  process.env['RECHECK_WAIT_SECONDS'] = '10';
  for (const machine of ['link', 'reconcile']) {
    process.env[`${machine.toUpperCase()}_ARN`] =
      `arn:aws:states:us-east-1:111111111111:stateMachine:poolbridge-dev-${machine}`;
  }
  process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
  process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
  // Expected errors need no stack traces.
  Error.stackTraceLimit = 0;
  packages ??= bundlePackages();
  try {
    await build({
      ...own,
      outfile,
      plugins: [inPlace(await packages, links), ...(bug ? [patched(bug)] : [])],
    });
    const { links: judged, ...steps } = await import(pathToFileURL(outfile).href);
    return { steps, links: judged };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
