/** An error as AWS answers it: a code, a message and an HTTP status. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** What the answer holds besides code and message. */
  readonly details: object;

  constructor(code: string, message: string, status = 400, details: object = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** What this implementation of AWS does not do, said clearly instead of done wrongly. */
export class UnsupportedError extends AwsError {
  constructor(what: string) {
    super('NotImplemented', `The embedded AWS does not support ${what}.`, 501);
  }
}
