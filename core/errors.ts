/**
 * What can go wrong, by the name that the state machine's Retry and Catch match on. Every message
 * says what is wrong and what to do next. The names are literals, because bundling shortens the
 * names of classes.
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

/** An event says that an app client or a user pool was deleted, and Cognito still has it. */
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

/** AWS refused an entry, perhaps for its name: which names it takes by the updated issuer is not known. */
export class ProviderRefusedError extends Error {
  override readonly name = 'ProviderRefusedError';
}

/** AWS refused a role mapping that links.yml asks for, or one that is there beside it. */
export class RoleMappingError extends Error {
  override readonly name = 'RoleMappingError';
}

/** Somebody else is writing to the identity pool; trying again later helps. */
export class PoolBusyError extends Error {
  override readonly name = 'PoolBusyError';
}

/** A person has paused all writes; trying again helps once they are resumed. */
export class PausedError extends Error {
  override readonly name = 'PausedError';
}

/** A person has refused the change. */
export class ApprovalDeniedError extends Error {
  override readonly name = 'ApprovalDeniedError';
}

/** The answer to a request for approval is no approval. */
export class InvalidApprovalError extends Error {
  override readonly name = 'InvalidApprovalError';
}

/** A step has given an answer that the next step can't read. */
export class BrokenAnswerError extends Error {
  override readonly name = 'BrokenAnswerError';
}

/** What is to be undone has been changed since. */
export class UndoConflictError extends Error {
  override readonly name = 'UndoConflictError';
}

/** AWS answered with a setting that this version can't send back, so writing would reset it. */
export class UnknownPoolFieldError extends Error {
  override readonly name = 'UnknownPoolFieldError';
}

/** What was written is not what is there. */
export class VerificationError extends Error {
  override readonly name = 'VerificationError';
}

/** No answer came from AWS, or none that means anything; trying again later helps. */
export class AwsUnavailableError extends Error {
  override readonly name = 'AwsUnavailableError';
}
