import { cloudtrail } from './cloudtrail/cloudtrail.ts';
import { cloudwatch } from './cloudwatch/cloudwatch.ts';
import { cognitoIdentity } from './cognito-identity/cognito-identity.ts';
import { cognitoIdp } from './cognito-idp/cognito-idp.ts';
import { dynamodb } from './dynamodb/dynamodb.ts';
import { events } from './events/events.ts';
import { iam } from './iam/iam.ts';
import { lambda } from './lambda/lambda.ts';
import { logs } from './logs/logs.ts';
import { scheduler } from './scheduler/scheduler.ts';
import { sns } from './sns/sns.ts';
import { sqs } from './sqs/sqs.ts';
import { states } from './states/states.ts';
import { sts } from './sts/sts.ts';

/** The services of the embedded AWS: each a folder, and a line here. */
export const services = [
  cloudtrail,
  cloudwatch,
  cognitoIdentity,
  cognitoIdp,
  dynamodb,
  events,
  iam,
  lambda,
  logs,
  scheduler,
  sns,
  sqs,
  states,
  sts,
] as const;
