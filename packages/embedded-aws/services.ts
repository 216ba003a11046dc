import { cloudtrail } from './services/cloudtrail/cloudtrail.ts';
import { cloudwatch } from './services/cloudwatch/cloudwatch.ts';
import { cognitoIdentity } from './services/cognito-identity/cognito-identity.ts';
import { cognitoIdp } from './services/cognito-idp/cognito-idp.ts';
import { dynamodb } from './services/dynamodb/dynamodb.ts';
import { events } from './services/events/events.ts';
import { iam } from './services/iam/iam.ts';
import { lambda } from './services/lambda/lambda.ts';
import { logs } from './services/logs/logs.ts';
import { scheduler } from './services/scheduler/scheduler.ts';
import { sns } from './services/sns/sns.ts';
import { sqs } from './services/sqs/sqs.ts';
import { states } from './services/states/states.ts';
import { sts } from './services/sts/sts.ts';

/** The services of the embedded AWS. A service is one folder and one line here. */
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
