import type { Server } from 'node:http';
import { Aws, type AwsOptions } from './aws.ts';
import { listen } from './server.ts';
import { sts } from './sts.ts';

/** An AWS that is running on this machine. */
export interface LocalAws {
  aws: Aws;
  endpoint: string;
  close(): Promise<void>;
}

/**
 * Starts an embedded AWS.
 *
 * @param options.port where to listen on 127.0.0.1; any free port if absent.
 * @throws if the port is taken.
 */
export async function startAws(options: AwsOptions & { port?: number } = {}): Promise<LocalAws> {
  const aws = new Aws(options);
  aws.services.set('sts', sts(aws));
  const server: Server = await listen(aws, options.port ?? 0);
  return {
    aws,
    endpoint: aws.endpoint,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
