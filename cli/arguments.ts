import type { Command } from 'commander';
import { InvalidRequestError } from '../core/errors.ts';
import { parseReconcile } from '../core/reconcile/plan.ts';
import { LONGEST_REASON } from '../core/request/approval.ts';
import { checkId, parseRequest, REASON_CHARACTERS } from '../core/request/request.ts';
import { UsageError } from './output/exit.ts';

// What these options hold is the same in every command.
const ids = [
  ['userPool', 'userPoolId', '--user-pool'],
  ['client', 'clientId', '--client'],
  ['identityPool', 'identityPoolId', '--identity-pool'],
] as const;

/** Runs a check of the request, whose errors are errors of the command line here. */
function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof InvalidRequestError) throw new UsageError(error.message);
    throw error;
  }
}

/** Refuses what is no URL. The SDK would say only that it is invalid. */
function checkEndpoint(endpoint: unknown): void {
  if (endpoint === undefined) return;
  const text = String(endpoint);
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return;
  throw new UsageError(
    `--endpoint must be a URL like http://localhost:4566, not ${JSON.stringify(text)}.`,
  );
}

// What the commands that are proposed have in place of a reason.
const PLACEHOLDERS = ['…', '...'];

/** Refuses the placeholder of a command that was pasted as it is: it would be kept as the reason. */
function checkReason(reason: unknown): void {
  if (typeof reason !== 'string') return;
  if (PLACEHOLDERS.includes(reason.trim())) {
    throw new UsageError('--reason is still the placeholder. Write the reason in its place.');
  }
  checkLength(reason, REASON_CHARACTERS);
}

function checkLength(reason: string, most: number): void {
  if (reason.length <= most) return;
  throw new UsageError(`--reason is longer than ${most} characters`);
}

/**
 * Refuses a decision without a reason, or with one that is too long for what shows it.
 *
 * @throws UsageError
 */
export function checkGivenReason(reason = ''): void {
  if (reason.trim() === '') throw new UsageError('--reason is missing');
  checkLength(reason, LONGEST_REASON);
}

/**
 * Refuses options that can not be what they stand for, before anything is started.
 *
 * @throws UsageError
 */
export function checkOptions(command: Command): void {
  const options: Record<string, unknown> = command.optsWithGlobals();
  checkEndpoint(options['endpoint']);
  checkReason(options['reason']);
  for (const [name, key, option] of ids) {
    for (const value of [options[name] ?? []].flat()) checked(() => checkId(value, key, option));
  }
  const { link = 'any' } = options;
  if (!/^[a-z0-9-]{1,40}$/.test(String(link))) {
    throw new UsageError(
      `--link must be the name of a link: up to 40 lower-case letters, digits and hyphens, not ${JSON.stringify(link)}.`,
    );
  }
}

/** As JSON has it: without what is undefined. */
const asSent = (input: object): unknown => JSON.parse(JSON.stringify(input));

/**
 * Refuses a request to `link` that its state machine would refuse by its form.
 *
 * @throws UsageError
 */
export const checkRequest = (input: object): void =>
  checked(() => void parseRequest(asSent(input)));

/**
 * Refuses a request to `reconcile` that its state machine would refuse by its form.
 *
 * @throws UsageError
 */
export const checkReconcile = (input: { repair: boolean; reason?: string | undefined }): void =>
  checked(() => void parseReconcile(asSent(input), {}));
