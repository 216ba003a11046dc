import { resolve } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { loadLinks } from './links-file/links-file.ts';

/** What a function imports as `#links` is links.yml as it is now. */
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

/** In Lambda credentials are in the environment; the SDK's search for them elsewhere is left out. */
const credentials: Plugin = {
  name: 'credentials',
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({
      path: resolve('aws/lambda/credentials.ts'),
    }));
  },
};

/** Parts of the SDK that no call of these functions reaches: event streams and SigV4A. */
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

/** How serverless-esbuild bundles the functions. The same source gives the same bytes. */
function config({ service }: Service): BuildOptions {
  // The zips hold the modes of files, which must not depend on the user who packages. Lambda also
  // needs to read them: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
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
