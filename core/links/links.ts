import { parseArn } from '../arn.ts';
import type { IssuerChoice } from '../issuer.ts';

/** One rule of a role mapping, as links.yml has it. */
interface LinkRule {
  claim: string;
  match: 'equals' | 'contains' | 'startsWith' | 'notEqual';
  value: string;
  role: string;
}

/** One rule of links.yml, with its defaults: the app clients that get an entry in an identity pool. */
export interface Link {
  userPools?: string[];
  /** The role that may list the clients of userPools, if they are in another account. */
  userPoolRoleArn?: string;
  userPoolTags?: Record<string, string>;
  /** Globs on the app client's name, in order; one that begins with `!` excludes. */
  clients: string[];
  identityPool: string;
  roleArn: string;
  externalId?: string;
  serverSideTokenCheck: boolean;
  /** The names of the user pool under which entries are written; if absent, the pool's own setting decides. */
  issuer?: IssuerChoice;
  providerQuota: number;
  onDelete: 'unlink' | 'keep';
  /** What reconcile does about an entry that others removed; tell, if absent. */
  onRemoved?: 'tell' | 'restore';
  /** The role that the client's users get; by default the pool's authenticated role. */
  roleMapping?: 'default' | 'token' | { rules: LinkRule[] };
  /** The role of users whom the role mapping gives none; deny, if absent. */
  ambiguous?: 'deny' | 'authenticated';
  /** Attributes for access control: session tags, and the claims that they are taken from. */
  principalTags?: 'inactive' | 'default' | Record<string, string>;
  /** Whether a person must approve each change before it is written. */
  approval?: 'required';
  /** 24, if absent. */
  approvalTimeoutHours?: number;
}

/** The links of links.yml, by name. They are the guardrail: only what they cover is ever linked. */
export type Links = Readonly<Record<string, Link>>;

/** The account of a role. */
export const accountOf = (roleArn: string | undefined): string | undefined =>
  roleArn === undefined ? undefined : parseArn(roleArn).account;

/** The role that reads a user pool of another account. All links that name the user pool have the same role. */
export const userPoolRoleOf = (links: Links, userPoolId: string): string | undefined =>
  Object.values(links).find(({ userPools }) => userPools?.includes(userPoolId))?.userPoolRoleArn;

/** The other accounts whose user pools the links name. */
export const accountsOf = (links: Links): string[] =>
  [
    ...new Set(Object.values(links).flatMap((link) => accountOf(link.userPoolRoleArn) ?? [])),
  ].sort();

/** The identity pools to which links with tags lead. */
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

/** Whether any of the links asks for entries to be restored that others removed. */
export const doesRestore = (links: Links): boolean =>
  Object.values(links).some(({ onRemoved }) => onRemoved === 'restore');

/** The links with these names that links.yml still has. */
export const linksNamed = (links: Links, names: string[]): Links =>
  Object.fromEntries(Object.entries(links).filter(([name]) => names.includes(name)));
