import type { Seen } from './probe.ts';

interface Answer {
  $metadata: { requestId?: string };
}

const requestIdOf = (error: Error): string | undefined =>
  (error as Error & Partial<Answer>).$metadata?.requestId;

/** An operation that the embedded AWS lacks says nothing about AWS, so it is not an outcome. */
function asRefusal(error: unknown): Error {
  if (error instanceof Error && error.name !== 'NotImplemented' && requestIdOf(error)) return error;
  throw error;
}

/** A value seen in an answer. */
export const saw = (seen: string, answer: Answer, detail?: string): Seen => ({
  seen,
  requestId: answer.$metadata.requestId,
  detail,
});

/** `accepted`, or the name of the error; the text of the error is the detail. */
export async function outcome(call: Promise<Answer>): Promise<Seen> {
  try {
    return saw('accepted', await call);
  } catch (error) {
    const refusal = asRefusal(error);
    return {
      seen: refusal.name,
      requestId: requestIdOf(refusal),
      detail: refusal.message,
    };
  }
}

/** `accepted`, or the name and the text of the error, with each id in it replaced by its name. */
export async function outcomeInWords(
  call: Promise<Answer>,
  ids: Record<string, string> = {},
): Promise<Seen> {
  const { seen, requestId, detail } = await outcome(call);
  if (detail === undefined) return { seen, requestId };
  return { seen: `${seen}: ${withNames(detail, ids)}`, requestId };
}

/** `accepted`, or the action that IAM misses: `denied: cognito-identity:TagResource`. */
export async function outcomeByIam(call: Promise<Answer>): Promise<Seen> {
  const { seen, requestId, detail = '' } = await outcome(call);
  const action = /not authorized to perform: ([\w-]+:\w+)/.exec(detail)?.[1];
  return { seen: action === undefined ? seen : `denied: ${action}`, requestId, detail };
}

/** A text in which each id is replaced by its name in angle brackets. */
export const withNames = (text: string, ids: Record<string, string>): string =>
  Object.entries(ids).reduce((all, [name, id]) => all.replaceAll(id, `<${name}>`), text);
