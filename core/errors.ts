/**
 * The errors of Poolbridge. Retry and Catch of the state machines match their names. The names are literals,
 * because bundling shortens the names of classes. Each message says what is wrong and what to do.
 */

/** The request itself is malformed; the same request can never succeed. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}

/** No link in links.yml covers what was asked for. */
export class NotCoveredError extends Error {
  override readonly name = 'NotCoveredError';
}

/** The user pool or the app client does not exist in Account-A. */
export class UserPoolClientNotFoundError extends Error {
  override readonly name = 'UserPoolClientNotFoundError';
}

/** An event says that an app client was just created, but Cognito does not list it yet. */
export class NotListedError extends Error {
  override readonly name = 'NotListedError';
}

/** An event says that an app client or a user pool was deleted, but Cognito still has it. */
export class NotDeletedError extends Error {
  override readonly name = 'NotDeletedError';
}

/** The account that owns the user pool refused to let its app clients be listed. */
export class UserPoolAccessDeniedError extends Error {
  override readonly name = 'UserPoolAccessDeniedError';
}

/** Account-B refused: the role can't be assumed, or it lacks a permission. */
export class TargetAccessDeniedError extends Error {
  override readonly name = 'TargetAccessDeniedError';
}

/** The identity pool does not exist in Account-B. */
export class IdentityPoolNotFoundError extends Error {
  override readonly name = 'IdentityPoolNotFoundError';
}

/** One more entry would exceed the identity pool's quota of user pool providers. */
export class ProviderQuotaError extends Error {
  override readonly name = 'ProviderQuotaError';
}

/**
 * AWS refused an entry, perhaps because of its name. AWS does not document which name of a user pool with the
 * updated issuer it accepts.
 */
export class ProviderRefusedError extends Error {
  override readonly name = 'ProviderRefusedError';
}

/** AWS refused the role mappings: one that links.yml asks for, or one that was there before. */
export class RoleMappingError extends Error {
  override readonly name = 'RoleMappingError';
}

/** Another execution is writing to the identity pool. A later attempt can succeed. */
export class PoolBusyError extends Error {
  override readonly name = 'PoolBusyError';
}

/** A person has paused all writes. Requests succeed again once writes are resumed. */
export class PausedError extends Error {
  override readonly name = 'PausedError';
}

/** A person has denied the change. */
export class ApprovalDeniedError extends Error {
  override readonly name = 'ApprovalDeniedError';
}

/** The answer to a request for approval is not an approval. */
export class InvalidApprovalError extends Error {
  override readonly name = 'InvalidApprovalError';
}

/** A step returned an answer that the next step can't read. */
export class BrokenAnswerError extends Error {
  override readonly name = 'BrokenAnswerError';
}

/** The changes to undo were changed again since. */
export class UndoConflictError extends Error {
  override readonly name = 'UndoConflictError';
}

/** AWS returned a setting that this version can't send back. A write would reset it. */
export class UnknownPoolFieldError extends Error {
  override readonly name = 'UnknownPoolFieldError';
}

/** The identity pool does not show what was written. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

/** AWS did not answer, or its answer can't be read. A later attempt can succeed. */
export class AwsUnavailableError extends Error {
  override readonly name = 'AwsUnavailableError';
}
