import { isAllowed, type PolicyDocument, type Question } from 'embedded-aws/kernel/iam.ts';

/** One action that a policy allows on one resource. */
export interface Grant {
  policy: string;
  document: PolicyDocument;
  action: string;
  resource: string;
  /** As JSON. */
  condition: string;
  /** Takes the grant away, and returns how to give it back. */
  remove(): () => void;
}

const without = (from: string | string[], what: string): string[] =>
  [from].flat().filter((each) => each !== what);

/** Every action of every statement, on each of its resources. */
export function grantsOf(name: string, document: PolicyDocument): Grant[] {
  return document.Statement.flatMap((statement, at) =>
    [statement.Action].flat().flatMap((action) =>
      [statement.Resource ?? '(the role itself)'].flat().map((resource) => ({
        policy: `${name}, ${statement.Sid ?? `statement ${at + 1}`}`,
        document,
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

/** Whether IAM would deny a question that it has allowed if the grant did not exist. */
export function decides(grant: Grant, question: Question): boolean {
  const { principal, resourcePolicy } = question;
  const own = principal.kind === 'role' ? principal.role.policies : [];
  if (resourcePolicy !== grant.document && !own.includes(grant.document)) return false;
  const giveBack = grant.remove();
  const allowed = isAllowed(question);
  giveBack();
  return !allowed;
}

/** A grant without the parts that links.yml decides: pools, roles and tags. */
function formOf({ policy, action, resource, condition }: Grant): string {
  const onWhat = resource
    .replace(/(cognito-idp):[^:]+:(\d+:userpool)\/[^*]+$/, '$1:REGION:$2/ID')
    .replace(/(identitypool)\/[^*]+$/, '$1/ID')
    .replace(/^arn:[\w-]+:iam::\d+:role\/.*$/, 'arn:PARTITION:iam::ACCOUNT:role/NAME');
  const when = condition.replace(/"aws:ResourceTag\/[^}]*/g, '"aws:ResourceTag/TAG"');
  return `${policy.replace(/, statement \d+$/, '')}: ${action} on ${onWhat} if ${when}`;
}

/** The forms of grants that decided no question. */
export function needless(grants: Grant[], questions: Question[]): string[] {
  const byForm = Map.groupBy(grants, formOf);
  return [...byForm]
    .filter(([, alike]) => !alike.some((grant) => questions.some((q) => decides(grant, q))))
    .map(([form]) => form);
}
