import { fileURLToPath } from 'node:url';
import { AwsError, deployStack, readTemplate } from 'embedded-aws';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

export const ACCOUNT_A = '111111111111';
export const ACCOUNT_B = '222222222222';
export const HOME = { account: ACCOUNT_A, region: 'us-east-1' };
export const POOLS = [
  'ap-south-1:00000000-0000-0000-0000-00000000c001',
  'ap-south-1:00000000-0000-0000-0000-00000000c002',
] as const;
// The same quotas as in links.yml in this folder.
export const QUOTAS = new Map<string, number>([
  [POOLS[0], 1000],
  [POOLS[1], 12],
  ['ap-south-1:00000000-0000-0000-0000-00000000c003', 50],
]);
export const USER_POOLS = ['us-east-1_Chaos0001', 'us-east-1_Chaos0002'] as const;

/** The user pool with many app clients; a link covers some of them by name. */
export const CROWDED = 'us-east-1_Chaos0005';

/** The user pool for which every change needs approval. */
export const APPROVED = 'us-east-1_Chaos0003';

/** The user pool whose app clients have role mappings, and their identity pool. */
export const MAPPED = {
  userPool: 'us-east-1_Chaos0004',
  link: 'mapped',
  pool: 'ap-south-1:00000000-0000-0000-0000-00000000c003',
} as const;

const foreignOf = (n: number) => ({
  ProviderName: `cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign${n}`,
  ClientId: `foreign${n}`,
});

/** The roles and role mappings that others have set in that identity pool. */
export const FOREIGN_ROLES = {
  Roles: { authenticated: `arn:aws:iam::${ACCOUNT_B}:role/user` },
  RoleMappings: {
    [mappingKey(foreignOf(0))]: {
      Type: 'Token' as const,
      AmbiguousRoleResolution: 'Deny' as const,
    },
  },
};

/** A user pool that a link covers by its tags, with those tags and the identity pool. */
export const TAGGED = {
  userPool: 'us-east-1_Chaos0006',
  link: 'tagged',
  tags: { chaos: 'linked' },
  pool: POOLS[0],
} as const;

/** A user pool whose link restores what others remove, and its identity pool. */
export const RESTORED = { userPool: 'us-east-1_Chaos0007', pool: POOLS[0] } as const;

/** The provider name of a user pool in an identity pool. */
export const providerNameOf = (userPoolId: string): string =>
  `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

/** All identity pools. */
export const ALL_POOLS = [...POOLS, MAPPED.pool] as const;

/** The identity pools that links.yml links an app client to. */
export function covering(userPoolId: string, name: string): string[] {
  if (userPoolId === USER_POOLS[0] || userPoolId === RESTORED.userPool) return [POOLS[0]];
  if (userPoolId === CROWDED) return name.startsWith('web-') ? [POOLS[0]] : [];
  return name.startsWith('web-') ? [...POOLS] : [POOLS[1]];
}

/** The identity pools that a deleted app client is removed from (`onDelete: unlink`). */
export function leaving(userPoolId: string): string[] {
  const isFirst = userPoolId === USER_POOLS[0] || userPoolId === RESTORED.userPool;
  return isFirst ? [POOLS[0]] : [POOLS[1]];
}

type Template = ReturnType<typeof readTemplate>;

/** The templates to deploy, read once for all seeds. */
export interface Deployment {
  service: Template;
  accountB: Template;
}

/** Reads the compiled template of the packaged service, and the template of Account-B. */
export const readDeployment = (artifactFolder: string): Deployment => ({
  service: readTemplate(`${artifactFolder}/cloudformation-template-update-stack.json`),
  accountB: readTemplate(fileURLToPath(new URL('../../resources/account-b.yml', import.meta.url))),
});

/** An entry that does not come from one of our links. */
export const foreignEntry = (random: Random, n: number): Provider => ({
  ProviderName: `cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign${n}`,
  ClientId: `foreign${n}`,
  ...(random.chance(0.5) && { ServerSideTokenCheck: random.chance(0.5) }),
});

/** Both accounts, with the service deployed to them. */
export class Accounts {
  readonly #scene: Scene;
  /** ARN of the link state machine; empty until it is deployed. */
  machineArn = '';

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async deploy({ service, accountB }: Deployment): Promise<void> {
    const { aws } = this.#scene;
    aws.trail.enabled = false;
    const parameters = { ForwardingAccounts: ACCOUNT_B };
    const stack = { ...HOME, name: 'poolbridge-dev', template: service, parameters };
    const outputs = await deployStack(aws, stack);
    this.machineArn = outputs['LinkStateMachineArn'] ?? '';
    await deployStack(aws, {
      account: ACCOUNT_B,
      region: 'ap-south-1',
      name: 'account-b',
      template: accountB,
      parameters: {
        TrustedAccountId: ACCOUNT_A,
        IdentityPoolIds: ALL_POOLS.join(','),
        RoleMappingRoleArns: FOREIGN_ROLES.Roles.authenticated,
        PrincipalTags: 'true',
        ExternalId: 'pairing-1',
        TellPoolChanges: 'true',
        HomeBusArn: `arn:aws:events:${HOME.region}:${HOME.account}:event-bus/default`,
      },
    });
    const others = [CROWDED, APPROVED, MAPPED.userPool, TAGGED.userPool, RESTORED.userPool];
    for (const id of [...USER_POOLS, ...others]) {
      const UserPoolTags = { _custom_id_: id };
      await this.asA('cognito-idp', 'CreateUserPool', { PoolName: 'users', UserPoolTags });
    }
    for (const id of POOLS) await this.#createIdentityPool(id);
    await this.#createMappedPool();
  }

  /** Calls AWS as the owner of Account-A, and repeats the call after a second if it is throttled. */
  async asA(service: string, operation: string, input: Record<string, unknown>): Promise<object> {
    const principal = this.#scene.aws.iam.principalOf(ACCOUNT_A);
    const { region } = HOME;
    try {
      return await this.#scene.aws.call({ service, operation, input, principal, region });
    } catch (error) {
      if (!(error instanceof AwsError) || error.message !== 'Rate exceeded') throw error;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 1000));
    return this.asA(service, operation, input);
  }

  /** Calls AWS as the owner of Account-B. */
  #asB(operation: string, input: Record<string, unknown>) {
    const principal = this.#scene.aws.iam.principalOf(ACCOUNT_B);
    const service = 'cognito-identity';
    return this.#scene.aws.call({ service, operation, input, principal, region: 'ap-south-1' });
  }

  /** Creates the identity pool with role mappings, the same in every seed. */
  async #createMappedPool(): Promise<void> {
    await this.#asB('CreateIdentityPool', {
      IdentityPoolName: 'mapped',
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [foreignOf(0)],
      IdentityPoolTags: { _custom_id_: MAPPED.pool },
    });
    await this.#asB('SetIdentityPoolRoles', { IdentityPoolId: MAPPED.pool, ...FOREIGN_ROLES });
    this.#scene.observer.begin(this.#scene.aws.identityPools.find(MAPPED.pool).pool);
  }

  /** Creates an identity pool with a random choice of settings. */
  async #createIdentityPool(id: string): Promise<void> {
    const { random } = this.#scene;
    const some = <T>(value: T) => (random.chance(0.6) ? value : undefined);
    const input = {
      IdentityPoolName: 'customers',
      AllowUnauthenticatedIdentities: random.chance(0.5),
      AllowClassicFlow: some(random.chance(0.5)),
      SupportedLoginProviders: some({ 'graph.facebook.com': '7' }),
      DeveloperProviderName: some('login.example'),
      OpenIdConnectProviderARNs: some([`arn:aws:iam::${ACCOUNT_B}:oidc-provider/a.example`]),
      SamlProviderARNs: some([`arn:aws:iam::${ACCOUNT_B}:saml-provider/staff`]),
      CognitoIdentityProviders: some(
        // The second pool has a low quota: start close to it.
        Array.from({ length: random.between(1, 9) + (id === POOLS[1] ? 3 : 0) }, (_, i) =>
          foreignEntry(random, i),
        ),
      ),
      IdentityPoolTags: { _custom_id_: id, ...(random.chance(0.5) && { team: 'b' }) },
    };
    const defined = Object.fromEntries(Object.entries(input).filter(([, v]) => v !== undefined));
    await this.#asB('CreateIdentityPool', defined);
    this.#scene.observer.begin(this.#scene.aws.identityPools.find(id).pool);
  }
}
