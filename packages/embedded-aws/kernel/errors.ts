/** An error that AWS answers: code, message and HTTP status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the answer. */
  readonly details: object;

  constructor(code: string, message: string, status = 400, details: object = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** A feature that the embedded AWS lacks. It answers this error rather than behave differently from AWS. */
export class UnsupportedError extends AwsError {
  constructor(what: string) {
    super('NotImplemented', `The embedded AWS does not support ${what}.`, 501);
  }
}
