import type { Server } from 'node:http';
import { cloudtrail } from './cloudtrail/cloudtrail.ts';
import { cloudwatch } from './cloudwatch/cloudwatch.ts';
import { cognitoIdentity } from './cognito-identity/cognito-identity.ts';
import { cognitoIdp } from './cognito-idp/cognito-idp.ts';
import { dynamodb } from './dynamodb/dynamodb.ts';
import { events } from './events/events.ts';
import { Aws, type AwsOptions } from './kernel/aws.ts';
import { iamResources } from './kernel/iam-resources.ts';
import { listen } from './kernel/server.ts';
import { lambda } from './lambda/lambda.ts';
import { logs } from './logs/logs.ts';
import { scheduler } from './scheduler/scheduler.ts';
import { sns } from './sns/sns.ts';
import { sqs } from './sqs/sqs.ts';
import { states } from './states/states.ts';
import { sts } from './sts/sts.ts';

/** An AWS that is running on this machine. */
export interface LocalAws {
  aws: Aws;
  endpoint: string;
  close(): Promise<void>;
}

/** An embedded AWS that is called in process, and listens to nobody. */
export function assembleAws(options: AwsOptions = {}): Aws {
  const aws = new Aws(options);
  aws.services.set('cloudtrail', cloudtrail(aws));
  aws.services.set('cloudwatch', cloudwatch(aws));
  aws.services.set('cognito-identity', cognitoIdentity(aws));
  aws.services.set('cognito-idp', cognitoIdp(aws));
  aws.services.set('dynamodb', dynamodb(aws));
  aws.services.set('events', events(aws));
  aws.services.set('iam', iamResources(aws));
  aws.services.set('lambda', lambda(aws));
  aws.services.set('logs', logs(aws));
  aws.services.set('scheduler', scheduler(aws));
  aws.services.set('sns', sns(aws));
  aws.services.set('sqs', sqs(aws));
  aws.services.set('states', states(aws));
  aws.services.set('sts', sts(aws));
  return aws;
}

/**
 * Starts an embedded AWS.
 *
 * @param options.port where to listen on 127.0.0.1; any free port if absent.
 * @param options.patience how long a client may take to send a request or to read an answer, in
 *   milliseconds; a minute if absent.
 * @throws if the port is taken.
 */
export async function startAws(
  options: AwsOptions & { port?: number; patience?: number } = {},
): Promise<LocalAws> {
  const aws = assembleAws(options);
  const server: Server = await listen(aws, options.port ?? 0, options.patience);
  return {
    aws,
    endpoint: aws.endpoint,
    async close() {
      aws.buses.stop();
      aws.schedules.stop();
      aws.stateMachines.stopAll();
      await aws.functions.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
