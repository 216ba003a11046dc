import {
  CloudFormationClient,
  DeleteStackCommand,
  waitUntilStackDeleteComplete,
} from '@aws-sdk/client-cloudformation';
import {
  CognitoIdentityClient,
  DeleteIdentityPoolCommand,
  paginateListIdentityPools,
} from '@aws-sdk/client-cognito-identity';
import {
  CognitoIdentityProviderClient,
  DeleteUserPoolCommand,
  paginateListUserPools,
} from '@aws-sdk/client-cognito-identity-provider';
import {
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { DeleteRoleCommand, DeleteRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { DeleteQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Kind, Thing } from './manifest.ts';
import type { Place } from './place.ts';

/** The name of the one inline policy of a role that a run makes. */
export const INLINE_POLICY = 'contract';
/** The id of the one target of a rule that a run makes. */
export const TARGET_ID = 'queue';

const missing = new Set([
  'NoSuchEntityException',
  'NoSuchEntity',
  'ResourceNotFoundException',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  // The embedded AWS has no CloudFormation API, so it has no stacks.
  'NotImplemented',
]);

/** Ignores that something does not exist. */
async function gone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof Error) || !missing.has(error.name)) throw error;
  }
}

async function identityPoolNamed(client: CognitoIdentityClient, name: string) {
  for await (const page of paginateListIdentityPools(
    { client, pageSize: 60 },
    { MaxResults: 60 },
  )) {
    const found = page.IdentityPools?.find(({ IdentityPoolName }) => IdentityPoolName === name);
    if (found) return found.IdentityPoolId;
  }
  return undefined;
}

async function userPoolNamed(client: CognitoIdentityProviderClient, name: string) {
  for await (const page of paginateListUserPools({ client, pageSize: 60 }, { MaxResults: 60 })) {
    const found = page.UserPools?.find(({ Name }) => Name === name);
    if (found) return found.Id;
  }
  return undefined;
}

const removals: Record<Kind, (place: Place, thing: Thing) => Promise<void>> = {
  async 'identity pool'(place, { id, name }) {
    const client = place.client(CognitoIdentityClient);
    const IdentityPoolId = id ?? (await identityPoolNamed(client, name));
    if (IdentityPoolId === undefined) return;
    await gone(client.send(new DeleteIdentityPoolCommand({ IdentityPoolId })));
  },

  async 'user pool'(place, { id, name }) {
    const client = place.client(CognitoIdentityProviderClient);
    const UserPoolId = id ?? (await userPoolNamed(client, name));
    if (UserPoolId === undefined) return;
    await gone(client.send(new DeleteUserPoolCommand({ UserPoolId })));
  },

  async role(place, { name: RoleName }) {
    const client = place.client(IAMClient);
    const PolicyName = INLINE_POLICY;
    await gone(client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName })));
    await gone(client.send(new DeleteRoleCommand({ RoleName })));
  },

  async stack(place, { name: StackName }) {
    const client = place.client(CloudFormationClient);
    const deletion = async () => {
      await client.send(new DeleteStackCommand({ StackName }));
      await waitUntilStackDeleteComplete({ client, maxWaitTime: 300 }, { StackName });
    };
    await gone(deletion());
  },

  async 'event bus'(place, { name: Name }) {
    await gone(place.client(EventBridgeClient).send(new DeleteEventBusCommand({ Name })));
  },

  async queue(place, { name: QueueName }) {
    const client = place.client(SQSClient);
    const deletion = async () => {
      const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName }));
      await client.send(new DeleteQueueCommand({ QueueUrl }));
    };
    await gone(deletion());
  },

  async rule(place, { name }) {
    const client = place.client(EventBridgeClient);
    await gone(client.send(new RemoveTargetsCommand({ Rule: name, Ids: [TARGET_ID] })));
    await gone(client.send(new DeleteRuleCommand({ Name: name })));
  },
};

/**
 * Removes something, if it exists.
 *
 * @throws any error of AWS, except that it does not exist.
 */
export const remove = (place: Place, thing: Thing): Promise<void> =>
  removals[thing.kind](place, thing);
