import { Failure, UsageError } from './exit.ts';

/** Chooses a part of a JSON answer. */
export type Query = (document: object) => unknown;

/**
 * Makes the query of `--query`, as the AWS CLI has it.
 *
 * @param expression JMESPath.
 * @returns a query that throws a Failure named QueryError where a function gets what it can't take.
 * @throws UsageError if the expression is malformed.
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-filter.html
 * @see https://jmespath.org/specification.html
 */
export async function queryOf(expression: string): Promise<Query> {
  const { default: jmespath } = await import('jmespath');
  try {
    jmespath.compile(expression);
  } catch (error) {
    throw new UsageError(`--query is not JMESPath: ${(error as Error).message}`);
  }
  return (document) => {
    try {
      return jmespath.search(document, expression);
    } catch (error) {
      throw new Failure(
        'QueryError',
        `The command has done its work, but --query does not fit its answer: ${(error as Error).message}`,
      );
    }
  };
}
