import { fileURLToPath } from 'node:url';
import { AwsError, deployStack, readTemplate } from 'embedded-aws';
import type { Provider } from '../../core/identity-pool/identity-pool.ts';
import { mappingKey } from '../../core/identity-pool/roles.ts';
import type { Random } from './random.ts';
import type { Scene } from './scene.ts';

export const ACCOUNT_A = '111111111111';
const ACCOUNT_B = '222222222222';
export const HOME = { account: ACCOUNT_A, region: 'us-east-1' };
export const POOLS = [
  'ap-south-1:00000000-0000-0000-0000-00000000c001',
  'ap-south-1:00000000-0000-0000-0000-00000000c002',
] as const;
// As in links.yml beside this file.
export const QUOTAS = new Map<string, number>([
  [POOLS[0], 1000],
  [POOLS[1], 12],
  ['ap-south-1:00000000-0000-0000-0000-00000000c003', 50],
]);
export const USER_POOLS = ['us-east-1_Chaos0001', 'us-east-1_Chaos0002'] as const;

/** The user pool of many app clients, of which a link covers some by their names. */
export const CROWDED = 'us-east-1_Chaos0005';

/** The user pool of which every change must be approved. */
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

/** What others have set there beside their entry. */
export const FOREIGN_ROLES = {
  Roles: { authenticated: `arn:aws:iam::${ACCOUNT_B}:role/user` },
  RoleMappings: {
    [mappingKey(foreignOf(0))]: {
      Type: 'Token' as const,
      AmbiguousRoleResolution: 'Deny' as const,
    },
  },
};

/** The user pool that a link covers by its tags, the tags, and the identity pool. */
export const TAGGED = {
  userPool: 'us-east-1_Chaos0006',
  link: 'tagged',
  tags: { chaos: 'linked' },
  pool: POOLS[0],
} as const;

/** The name of a user pool as identity pools have it. */
export const providerNameOf = (userPoolId: string): string =>
  `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;

/** All identity pools. */
export const ALL_POOLS = [...POOLS, MAPPED.pool] as const;

/** The identity pools that links.yml allows a client. */
export function covering(userPoolId: string, name: string): string[] {
  if (userPoolId === USER_POOLS[0]) return [POOLS[0]];
  if (userPoolId === CROWDED) return name.startsWith('web-') ? [POOLS[0]] : [];
  return name.startsWith('web-') ? [...POOLS] : [POOLS[1]];
}

/** Those of them from which a client that is deleted goes, too. */
export function leaving(userPoolId: string): string[] {
  return userPoolId === USER_POOLS[0] ? [POOLS[0]] : [POOLS[1]];
}

type Template = ReturnType<typeof readTemplate>;

/** What is deployed, read once for all seeds. */
export interface Deployment {
  service: Template;
  accountB: Template;
}

/** Reads what is deployed: the compiled template of the packaged service, and Account-B's. */
export const readDeployment = (artifactFolder: string): Deployment => ({
  service: readTemplate(`${artifactFolder}/cloudformation-template-update-stack.json`),
  accountB: readTemplate(fileURLToPath(new URL('../../resources/account-b.yml', import.meta.url))),
});

/** An entry that no link of ours has made. */
export const foreignEntry = (random: Random, n: number): Provider => ({
  ProviderName: `cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign${n}`,
  ClientId: `foreign${n}`,
  ...(random.chance(0.5) && { ServerSideTokenCheck: random.chance(0.5) }),
});

/** Both accounts, with the service deployed to them. */
export class Accounts {
  readonly #scene: Scene;
  /** Of the state machine, once it is deployed. */
  machineArn = '';

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async deploy({ service, accountB }: Deployment): Promise<void> {
    const { aws } = this.#scene;
    aws.trail.enabled = false;
    const outputs = await deployStack(aws, { ...HOME, name: 'poolbridge-dev', template: service });
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
      },
    });
    for (const id of [...USER_POOLS, CROWDED, APPROVED, MAPPED.userPool, TAGGED.userPool]) {
      const UserPoolTags = { _custom_id_: id };
      await this.asA('cognito-idp', 'CreateUserPool', { PoolName: 'users', UserPoolTags });
    }
    for (const id of POOLS) await this.#createIdentityPool(id);
    await this.#createMappedPool();
  }

  /** Does something as the owner of Account-A, who waits and asks again when throttled. */
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

  /** As who owns Account-B. */
  #asB(operation: string, input: Record<string, unknown>) {
    const principal = this.#scene.aws.iam.principalOf(ACCOUNT_B);
    const service = 'cognito-identity';
    return this.#scene.aws.call({ service, operation, input, principal, region: 'ap-south-1' });
  }

  /** The same in every seed. */
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

  /** A pool that holds some of what a pool can hold. */
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
        // Close to the quota, where there is one.
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
