import assert from 'node:assert/strict';
import * as errors from '../../core/errors.ts';
import {
  entriesOf,
  type IdentityPool,
  parseIdentityPool,
} from '../../core/identity-pool/identity-pool.ts';
import type { Target } from '../../core/request/target.ts';
import { type Handlers, loadHandlers } from '../chaos/bundle.ts';
import { VirtualClock } from '../chaos/clock.ts';

/** An answer on the wire. */
export interface WireAnswer {
  status: number;
  errorType?: string | undefined;
  body: string | Uint8Array;
}

export type Operation =
  | 'AssumeRole'
  | 'DescribeIdentityPool'
  | 'UpdateIdentityPool'
  | 'ListUserPoolClients'
  | 'DescribeUserPool'
  | 'ListTagsForResource'
  | 'GetItem'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'Query'
  | 'PutEvents';

interface SdkRequest {
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

const POOL = 'ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const USER_POOL = 'us-east-1_Mobile001';
export const EXECUTION =
  'arn:aws:states:us-east-1:111111111111:execution:poolbridge-dev-link:fuzzed';
const ROLE = 'arn:aws:sts::222222222222:assumed-role/poolbridge-link/fuzzed';

export const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser><Arn>${ROLE}</Arn><AssumedRoleId>AROA:fuzzed</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>
      <SecretAccessKey>secret</SecretAccessKey>
      <SessionToken>token</SessionToken>
      <Expiration>2026-01-01T01:00:00Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>`;

export const target: Target = {
  identityPoolId: POOL,
  links: ['mobile'],
  userPoolId: USER_POOL,
  intent: {
    operation: 'link',
    providerName: `cognito-idp.us-east-1.amazonaws.com/${USER_POOL}`,
    clientId: 'ours',
    serverSideTokenCheck: false,
  },
  deleted: false,
  dryRun: false,
  room: 50_000,
};

const result = {
  outcome: 'LINKED',
  changes: [{ op: 'add', provider: { ClientId: 'ours' } }],
  attempts: 1,
  before: {},
  after: {},
  write: true,
  snapshot: 'x',
};

/** The event of each step. */
export const events = {
  ResolveTargets: { input: { userPoolId: USER_POOL, clientId: 'ours' } },
  AssumeRole: { target, attempt: 1 },
  DescribeIdentityPool: { target, attempt: 1 },
  UpdateIdentityPool: { target, attempt: 1, result },
  VerifyIdentityPool: { target, attempt: 3, result },
  ReportOutcome: {
    state: { Error: 'NotCoveredError', Cause: 'No link covers it.' },
    announce: true,
  },
};

const context = {
  functionName: 'step',
  invokedFunctionArn: 'arn',
  awsRequestId: '1',
  functionVersion: '1',
  memoryLimitInMB: '512',
  getRemainingTimeInMillis: () => 20_000,
};

// The longest duration of a step, in milliseconds of virtual time.
const LONGEST = 5 * 60_000;

const names = new Set(Object.keys(errors));

/** Checks how a step failed: the error must have a known name and a sentence that says what happened. */
function judge(error: unknown): void {
  assert.ok(error instanceof Error, 'the step throws a value that is not an error');
  const { name, message, stack, $fault } = error as Error & { $fault?: string };
  assert.equal(typeof message, 'string', stack);
  assert.ok(names.has(name) || $fault !== undefined, `${name}: ${stack?.slice(0, 2000)}`);
  if (!names.has(name)) return;
  assert.match(message, /^[A-Z]\w* .{10,}/s);
  assert.ok(message.length < 5000, `${message.length} characters`);
}

const textOf = (body: string | Uint8Array): string =>
  typeof body === 'string' ? body : new TextDecoder().decode(body);

/** An AWS with correct answers, except those that a case spoils. */
export class OneAnswer {
  readonly #handlers: Handlers;
  readonly #clock = new VirtualClock(() => 0);
  #pool: IdentityPool = {
    IdentityPoolId: '',
    IdentityPoolName: '',
    AllowUnauthenticatedIdentities: false,
  };
  #shown: unknown;
  #counts = new Map<Operation, number>();
  #spoil: (operation: Operation, count: number) => WireAnswer | undefined = () => undefined;
  /** Wrong writes, and how many writes there were. */
  #violations: unknown[] = [];
  #updates = 0;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
  }

  /** Loads the handlers, and replaces the time of this thread with virtual time. */
  static async start(): Promise<OneAnswer> {
    const handlers = await loadHandlers(undefined, new URL('links.yml', import.meta.url));
    const aws = new OneAnswer(handlers);
    aws.#clock.install();
    return aws;
  }

  /** Runs a step. It must return, or throw an error with a name and a sentence, and write nothing wrong. */
  async run(
    step: keyof typeof events,
    pool: IdentityPool,
    spoil: (operation: Operation, count: number) => WireAnswer | undefined,
  ): Promise<unknown> {
    this.#pool = { ...pool, IdentityPoolId: POOL };
    this.#counts.clear();
    this.#spoil = spoil;
    this.#violations = [];
    this.#updates = 0;
    const credentials = { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' };
    Object.assign(globalThis, {
      chaos: {
        handle: (request: SdkRequest) => this.#handle(request),
        credentials: () => credentials,
      },
    });
    let ended: { value?: unknown; error?: unknown } | undefined;
    try {
      this.#handlers.steps[step]!({ execution: EXECUTION, ...events[step] }, context).then(
        (value) => {
          ended = { value };
        },
        (error) => {
          ended = { error };
        },
      );
      await this.#clock.run(() => ended !== undefined, LONGEST);
    } finally {
      this.#clock.clear();
    }
    assert.ok(ended, 'the step hangs');
    if (this.#violations.length > 0) throw this.#violations[0];
    if ('error' in ended) judge(ended.error);
    return ended.value;
  }

  get updates(): number {
    return this.#updates;
  }

  async #handle({ headers, body = '' }: SdkRequest) {
    const operation = (headers['x-amz-target']?.split('.')[1] ?? 'AssumeRole') as Operation;
    const input = operation === 'AssumeRole' ? {} : JSON.parse(textOf(body));
    const count = this.#counts.get(operation) ?? 0;
    this.#counts.set(operation, count + 1);
    if (operation === 'UpdateIdentityPool') this.#written(input);
    const answer = this.#spoil(operation, count) ?? {
      status: 200,
      body: operation === 'AssumeRole' ? assumed : JSON.stringify(this.#answer(operation, input)),
    };
    if (operation === 'DescribeIdentityPool') this.#shown = answer;
    return {
      response: {
        statusCode: answer.status,
        headers: {
          'content-type': operation === 'AssumeRole' ? 'text/xml' : 'application/x-amz-json-1.1',
          ...(answer.errorType !== undefined && { 'x-amzn-errortype': answer.errorType }),
        },
        body: new Uint8Array(Buffer.from(answer.body)),
      },
    };
  }

  #answer(operation: Operation, input: { ExpressionAttributeValues?: Record<string, unknown> }) {
    const { ':nonce': nonce } = input.ExpressionAttributeValues ?? {};
    const answers: Partial<Record<Operation, object>> = {
      DescribeIdentityPool: this.#pool,
      UpdateIdentityPool: this.#pool,
      ListUserPoolClients: { UserPoolClients: [{ ClientId: 'ours', ClientName: 'web' }] },
      DescribeUserPool: { UserPool: { IssuerConfiguration: { Type: 'ORIGINAL' } } },
      ListTagsForResource: { Tags: { team: 'mobile' } },
      UpdateItem: {
        Attributes: {
          ...(nonce !== undefined && { nonce }),
          sequence: { N: '7' },
          begun: { N: '7' },
        },
      },
      Query: { Items: [] },
      PutEvents: { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] },
    };
    return answers[operation] ?? {};
  }

  /** Checks a write: it must contain everything that was shown last, with only our entry changed. */
  #written(sent: IdentityPool): void {
    this.#updates++;
    try {
      const { status, body } = this.#shown as WireAnswer;
      assert.ok(status < 300, 'written after a failed description');
      const shown = parseIdentityPool(JSON.parse(Buffer.from(body).toString()));
      assert.equal(shown.IdentityPoolId, POOL);
      const { CognitoIdentityProviders: after = [], IdentityPoolTags: tags = {}, ...rest } = sent;
      const { CognitoIdentityProviders: _, IdentityPoolTags: allTags = {}, ...kept } = shown;
      assert.deepEqual(rest, JSON.parse(JSON.stringify(kept)));
      const own = Object.entries(allTags).filter(([key]) => !key.toLowerCase().startsWith('aws:'));
      assert.deepEqual(Object.entries(tags), own);
      assert.deepEqual(
        after.filter(({ ClientId }) => ClientId !== 'ours'),
        entriesOf(shown).filter(({ ClientId }) => ClientId !== 'ours'),
      );
      this.#pool = sent;
    } catch (error) {
      this.#violations.push(error);
    }
  }
}
