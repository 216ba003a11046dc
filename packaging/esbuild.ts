import { resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { loadLinks } from './links-file/links-file.ts';

/** Resolves the import `#links` to the current links.yml. */
const links = (file: string): Plugin => ({
  name: 'links',
  setup(build) {
    build.onResolve({ filter: /^#links$/ }, ({ path }) => ({ path, namespace: 'links' }));
    build.onLoad({ filter: /.*/, namespace: 'links' }, () => ({
      contents: JSON.stringify(loadLinks(file)),
      loader: 'json',
    }));
  },
});

/** Replaces the SDK's credential providers, since Lambda has its credentials in the environment. */
const credentials: Plugin = {
  name: 'credentials',
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({
      path: resolve('aws/lambda/credentials.ts'),
    }));
  },
};

/** Leaves out parts of the SDK that no function uses: event streams and SigV4A. */
const unused: Plugin = {
  name: 'unused',
  setup(build) {
    const filter = /^@smithy\/core\/event-streams$|^@aws-sdk\/signature-v4-multi-region$/;
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'unused' }));
    build.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({
      contents: 'module.exports = {}',
    }));
  },
};

interface Service {
  service: { custom: { links: string } };
}

/** The configuration of serverless-esbuild. The same source gives the same bytes. */
function config({ service }: Service): BuildOptions {
  // Zips contain file modes, which must not depend on the user's umask, and Lambda must be able to read the files:
  // https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
  process.umask(0o022);
  return {
    bundle: true,
    minify: true,
    target: 'node24',
    mainFields: ['module', 'main'],
    plugins: [links(resolve(service.custom.links)), credentials, unused],
  };
}

export { config as 'module.exports' };
