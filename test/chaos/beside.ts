import { isDeepStrictEqual } from 'node:util';
import type { EmbeddedAws } from 'embedded-aws';
import type { Call } from 'embedded-aws/kernel/call.ts';
import type { PrincipalTagMap } from '../../core/identity-pool/roles.ts';

/** Whether a user pool's principal tags have any effect. */
export const areActive = (map: PrincipalTagMap | undefined): boolean =>
  map !== undefined &&
  (map.UseDefaults === true || Object.keys(map.PrincipalTags ?? {}).length > 0);

/** Counts how often role mappings and principal tags of identity pools were added and removed. */
export class Beside {
  readonly #aws: EmbeddedAws;
  readonly #changes = new Map<string, number>();

  constructor(aws: EmbeddedAws) {
    this.#aws = aws;
  }

  /** Starts to count: wraps the operations that change them. */
  watch(): void {
    const operations = this.#aws.services.get('cognito-identity')?.operations ?? {};
    for (const name of ['SetIdentityPoolRoles', 'SetPrincipalTagAttributeMap']) {
      const operation = operations[name];
      if (!operation) throw new Error(`The embedded AWS has no ${name}.`);
      operations[name] = {
        ...operation,
        run: async (call: Call) => {
          const id = String(call.input['IdentityPoolId']);
          const before = this.#stateOf(id);
          const answer = await operation.run(call);
          this.#compare(id, before, this.#stateOf(id));
          return answer;
        },
      };
    }
  }

  #stateOf(id: string): Map<string, unknown> {
    const { roleMappings, principalTags } = this.#aws.identityPools.find(id);
    const tags = [...principalTags].filter(([, map]) => areActive(map));
    return new Map<string, unknown>([
      ...Object.entries(roleMappings).map(([key, value]) => [`map ${key}`, value] as const),
      ...tags.map(([name, value]) => [`tag ${name}`, structuredClone(value)] as const),
    ]);
  }

  #compare(id: string, before: Map<string, unknown>, after: Map<string, unknown>): void {
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      if (isDeepStrictEqual(before.get(key), after.get(key))) continue;
      if (before.has(key)) this.#add(`${id} un${key}`);
      if (after.has(key)) this.#add(`${id} ${key}`);
    }
  }

  #add(change: string): void {
    this.#changes.set(change, this.#of(change) + 1);
  }

  #of(change: string): number {
    return this.#changes.get(change) ?? 0;
  }

  /** How often a change was made, written as `POOL map PROVIDER:CLIENT` or `POOL tag PROVIDER`. */
  transitions(change: string): number {
    return this.#of(change);
  }
}
