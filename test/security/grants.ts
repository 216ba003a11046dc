import type { PolicyDocument } from '../../local/kernel/iam.ts';

/** One action that a policy allows on one resource. */
export interface Grant {
  policy: string;
  action: string;
  resource: string;
  /** As JSON. */
  condition: string;
  /** Takes the grant away, and returns how to give it back. */
  remove(): () => void;
}

const without = (from: string | string[], what: string): string[] =>
  [from].flat().filter((each) => each !== what);

/** Every action of every statement, on every one of its resources. */
export function grantsOf(name: string, document: PolicyDocument): Grant[] {
  return document.Statement.flatMap((statement, at) =>
    [statement.Action].flat().flatMap((action) =>
      [statement.Resource ?? '(the role itself)'].flat().map((resource) => ({
        policy: `${name}, ${statement.Sid ?? `statement ${at + 1}`}`,
        action,
        resource,
        condition: JSON.stringify(statement.Condition ?? {}),
        remove() {
          const whole = document.Statement;
          // The same action on the other resources, and the other actions on this one.
          const others = { ...statement, Action: without(statement.Action, action) };
          const elsewhere = {
            ...statement,
            Action: action,
            ...(statement.Resource && { Resource: without(statement.Resource, resource) }),
          };
          const rest = whole.filter((each) => each !== statement);
          document.Statement = [
            ...rest,
            ...(others.Action.length > 0 ? [others] : []),
            ...(statement.Resource && elsewhere.Resource!.length > 0 ? [elsewhere] : []),
          ];
          return () => {
            document.Statement = whole;
          };
        },
      })),
    ),
  );
}
