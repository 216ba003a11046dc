import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { loadLinks } from '../../resources/links-file.ts';
import type { Bug } from './bugs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Handler = (event: unknown, context: object) => Promise<unknown>;

/** The handlers by the names of their functions. */
export type Handlers = Record<string, Handler>;

const files: Record<string, string> = {
  ResolveTargets: 'resolve-targets',
  AssumeRole: 'assume-role',
  DescribeIdentityPool: 'describe-identity-pool',
  MergeProvider: 'merge-provider',
  UpdateIdentityPool: 'update-identity-pool',
  VerifyIdentityPool: 'verify-identity-pool',
  ReportOutcome: 'report-outcome',
};

const entry = Object.entries(files)
  .map(([name, file]) => `export { handler as ${name} } from './functions/${file}.ts';`)
  .join('\n');

/** What a handler's own process would give it, and here the suite does. */
const surroundings = (links: URL): Plugin => ({
  name: 'surroundings',
  setup(bundling) {
    const from = (filter: RegExp, contents: string) => {
      const namespace = `chaos-${filter.source.replace(/\W/g, '')}`;
      bundling.onResolve({ filter }, ({ path }) => ({ path, namespace }));
      bundling.onLoad({ filter: /.*/, namespace }, () => ({ contents, resolveDir: root }));
    };
    // Every call of every client goes through the suite.
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
    from(/^#links$/, `export default ${JSON.stringify(loadLinks(fileURLToPath(links)))};`);
    // Nobody checks signatures here; whose they are is what counts.
    from(
      /^@smithy\/signature-v4$/,
      `const valueOf = (value) => (typeof value === 'function' ? value() : value);
      export class SignatureV4 {
        constructor(options) { Object.assign(this, options); }
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
    // No function has such files, and reading them takes real time.
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
});

/** The source of a file with what a bug puts into it. */
function withBug({ name, changes }: Bug, file: string): string {
  const source = readFileSync(join(root, file), 'utf8');
  return changes
    .filter((change) => change.file === file)
    .reduce((patched, { find, replace }) => {
      if (patched.includes(find)) return patched.replace(find, () => replace);
      throw new Error(`${file} no longer has what the bug “${name}” replaces: ${find}`);
    }, source);
}

const patched = (bug: Bug): Plugin => ({
  name: 'bug',
  setup(bundling) {
    bundling.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const file = relative(root, path);
      if (!bug.changes.some((change) => change.file === file)) return undefined;
      return { contents: withBug(bug, file), loader: 'ts' };
    });
  },
});

/** The real handlers in one module, with their calls going through the suite; with a bug, if given. */
export async function loadHandlers(
  bug?: Bug,
  links = new URL('links.yml', import.meta.url),
): Promise<Handlers> {
  const folder = mkdtempSync(join(tmpdir(), 'poolbridge-chaos-'));
  const outfile = join(folder, 'handlers.cjs');
  process.env['AWS_REGION'] = 'us-east-1';
  process.env['AWS_ENDPOINT_URL'] = 'http://chaos';
  process.env['TABLE_NAME'] = 'poolbridge-dev';
  process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
  process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';
  // Nobody reads the stacks of errors that are meant.
  Error.stackTraceLimit = 0;
  try {
    await build({
      stdin: { contents: entry, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node24',
      mainFields: ['module', 'main'],
      plugins: [surroundings(links), ...(bug ? [patched(bug)] : [])],
      logLevel: 'error',
    });
    return createRequire(import.meta.url)(outfile) as Handlers;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
