import { parseArn } from '../arn.ts';
import type { IssuerChoice } from '../issuer.ts';

/** One rule of a role mapping, as links.yml has it. */
interface LinkRule {
  claim: string;
  match: 'equals' | 'contains' | 'startsWith' | 'notEqual';
  value: string;
  role: string;
}

/** One rule of links.yml, its defaults filled in: which app clients get an entry in which pool. */
export interface Link {
  userPools?: string[];
  /** The role that may list the clients of userPools, where those are another account's. */
  userPoolRoleArn?: string;
  userPoolTags?: Record<string, string>;
  /** Globs on the app client's name, in order; one that begins with `!` excludes. */
  clients: string[];
  identityPool: string;
  roleArn: string;
  externalId?: string;
  serverSideTokenCheck: boolean;
  /** Under which names of the user pool entries are written; by the pool's own setting, if absent. */
  issuer?: IssuerChoice;
  providerQuota: number;
  onDelete: 'unlink' | 'keep';
  /** Which role the client's users get; the pool's authenticated role, by default. */
  roleMapping?: 'default' | 'token' | { rules: LinkRule[] };
  /** What a role mapping that does not decide comes to; deny, if absent. */
  ambiguous?: 'deny' | 'authenticated';
  /** Attributes for access control: session tags, with the claims that they are taken from. */
  principalTags?: 'inactive' | 'default' | Record<string, string>;
  /** Whether a person must approve each change before it is written. */
  approval?: 'required';
  /** 24, if absent. */
  approvalTimeoutHours?: number;
}

/** links.yml by the names of its links. It is the guardrail: only what it covers is ever linked. */
export type Links = Readonly<Record<string, Link>>;

/** The account of a role. */
export const accountOf = (roleArn: string | undefined): string | undefined =>
  roleArn === undefined ? undefined : parseArn(roleArn).account;

/** The role by which a user pool of another account is read, on which the links that name it agree. */
export const userPoolRoleOf = (links: Links, userPoolId: string): string | undefined =>
  Object.values(links).find(({ userPools }) => userPools?.includes(userPoolId))?.userPoolRoleArn;

/** The other accounts whose user pools the links name. */
export const accountsOf = (links: Links): string[] =>
  [
    ...new Set(Object.values(links).flatMap((link) => accountOf(link.userPoolRoleArn) ?? [])),
  ].sort();

/** The identity pools that user pools reach by their tags. */
export const poolsByTags = (links: Links): string[] => [
  ...new Set(
    Object.values(links)
      .filter(({ userPoolTags }) => userPoolTags !== undefined)
      .map(({ identityPool }) => identityPool),
  ),
];

/** The links that lead to an identity pool. */
export const linksTo = (links: Links, identityPoolId: string): Links =>
  Object.fromEntries(
    Object.entries(links).filter(([, { identityPool }]) => identityPool === identityPoolId),
  );

/** The links of these names that links.yml still has. */
export const linksNamed = (links: Links, names: string[]): Links =>
  Object.fromEntries(Object.entries(links).filter(([name]) => names.includes(name)));
