import type { Fault } from '../failure.ts';

// Every error that says why a write would not be made, and what to do. The others say that the dry run could not find
// out: AWS did not answer, a step has a defect, or an input is not what the steps pass on.
const REFUSALS: ReadonlySet<string> = new Set([
  'IdentityPoolNotFoundError',
  'NotCoveredError',
  'PausedError',
  'PoolBusyError',
  'ProviderQuotaError',
  'ProviderRefusedError',
  'RoleMappingError',
  'TargetAccessDeniedError',
  'UndoConflictError',
  'UnknownPoolFieldError',
  'UserPoolAccessDeniedError',
  'UserPoolClientNotFoundError',
]);

/**
 * Whether an error is the answer to a dry run: the request itself would fail with it. With any other error, the dry
 * run has failed.
 */
export const isRefusal = ({ error }: Fault): boolean => REFUSALS.has(error);
