import { BrokenAnswerError } from './errors.ts';
import { isListOf, isObject, isShape, isText, parsedJson, type Shape } from './shape.ts';

/** An error as Step Functions catches it. */
export interface Failure {
  Error: string;
  Cause?: string;
}

/** An error as outputs and events show it: its name, and a sentence that says what to do. */
export interface Fault {
  error: string;
  message: string;
}

export const isFailure: Shape<Failure> = isShape<Failure>({ Error: isText }, { Cause: isText });

export const isFault: Shape<Fault> = isShape<Fault>({ error: isText, message: isText }, {});

/** The failure of a step whose answer has not the shape that the next step expects. */
export const BROKEN_ANSWER: Failure = {
  Error: BrokenAnswerError.name,
  Cause:
    'A step of Poolbridge returned an invalid answer. The execution history shows which step. Deploy Poolbridge again. If that does not help, report an issue.',
};

/** An identity pool and the links that lead to it. */
export interface NamedPool {
  identityPoolId: string;
  links: string[];
}

/** Stands for an identity pool of which only the failure is known. */
export const UNNAMED: NamedPool = { identityPoolId: 'unknown', links: [] };

export const isNamedPool = (value: unknown): value is NamedPool =>
  isObject(value) && isText(value['identityPoolId']) && isListOf(isText)(value['links']);

// JavaScript's own errors come from defects in a step, and name neither the cause nor the remedy.
const DEFECTS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

/** The name and the sentence of an error, without the JSON that Lambda wraps around them. */
export function unwrap({ Error: error, Cause: cause = '' }: Failure): Fault {
  // Not every cause is JSON: that of a timeout is empty, and Step Functions' own causes are sentences.
  const wrapped = parsedJson(cause);
  if (isObject(wrapped) && isText(wrapped['errorMessage'])) {
    const { errorMessage } = wrapped;
    const defect = `A step of Poolbridge failed because of a defect in its code (${error}: ${errorMessage}). The log of the step shows where. Deploy Poolbridge again. If that does not help, report an issue.`;
    return { error, message: DEFECTS.has(error) ? defect : errorMessage };
  }
  const silence = `The step ended with ${error}, without a message. Its log and the execution history show how far it came.`;
  return { error, message: cause === '' ? silence : cause };
}

/** One identity pool that failed in an execution. */
interface FailedPool extends Fault {
  identityPoolId: string;
}

/**
 * The error of an execution in which identity pools failed, as one name and one message.
 *
 * @param failed all that failed.
 * @param count how many identity pools the execution worked on.
 * @param mixed the name of the error where their errors have different names.
 * @returns undefined if none failed.
 */
export function faultOf(failed: FailedPool[], count: number, mixed: string): Fault | undefined {
  const [first] = failed;
  if (!first) return undefined;
  if (failed.length === 1) return { error: first.error, message: first.message };
  const isSame = failed.every(({ error }) => error === first.error);
  const each = failed.map(({ identityPoolId, message }) => `${identityPoolId}: ${message}`);
  return {
    error: isSame ? first.error : mixed,
    message: `${failed.length} of ${count} identity pools failed. ${each.join(' ')}`,
  };
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ExecutionFailedEventDetails.html
const CAUSE_ROOM = 32_768;

/** How many characters of a message are kept where the whole is too long. */
export const MESSAGE_ROOM = CAUSE_ROOM / 2;

/** The cause of a failed execution, as JSON: with all details if there is room for them, else with a summary. */
export function causeOf(message: string, details: object, summary: () => object): string {
  const whole = JSON.stringify({ message, ...details });
  if (whole.length <= CAUSE_ROOM) return whole;
  return JSON.stringify({ message: message.slice(0, MESSAGE_ROOM), ...summary() });
}
