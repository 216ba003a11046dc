import { AsyncLocalStorage } from 'node:async_hooks';
import type { WireResponse } from 'embedded-aws/kernel/protocol.ts';
import { speak } from 'embedded-aws/kernel/server.ts';
import type { IdentityPool } from '../../core/identity-pool/identity-pool.ts';
import type { Fault } from './faults.ts';
import { type Invocation, invocations } from './lambda.ts';
import type { Refusal } from './refusals.ts';
import type { Scene } from './scene.ts';
import type { Sending } from './sending.ts';

/** A request as the SDK hands it to its HTTP handler. */
export interface SdkRequest {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

const forever = (): Promise<never> => new Promise(() => {});

const connectionLost = (code: string): Error =>
  Object.assign(new Error(code === 'ECONNRESET' ? 'socket hang up' : 'connect ECONNREFUSED'), {
    code,
  });

const errorAnswer = (code: string, status: number): WireResponse => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
  body: JSON.stringify({ __type: code, message: `${code} by the fault suite` }),
});

const throttleOf: Record<string, string> = {
  'cognito-identity': 'TooManyRequestsException',
  'cognito-idp': 'TooManyRequestsException',
  dynamodb: 'ProvisionedThroughputExceededException',
};

/** What a script does to a call: a fault, a refusal, or a cut connection after which the call arrives late. */
export type Trouble = Fault | Refusal | { arrivesAfter: number };

/** One of our calls, with what a script can match it by. */
export interface OurCall {
  /** `service:Operation`. */
  call: string;
  input: string;
  invocation: Invocation;
}

/** Runs before a call, and returns the trouble that the call gets. */
export type Interruption = () => Promise<Trouble | undefined>;
// The calls that change an identity pool.
const WRITES: ReadonlySet<string> = new Set(
  ['UpdateIdentityPool', 'SetIdentityPoolRoles', 'SetPrincipalTagAttributeMap'].map(
    (name) => `cognito-identity:${name}`,
  ),
);

/** The call in progress. */
export const sendings = new AsyncLocalStorage<Sending>();

/** The network between our calls and AWS, which adds the faults. */
export class Network {
  readonly #scene: Scene;
  /** Makes a write of a foreign writer between two of our calls. */
  readonly #foreignWrite: () => void;
  calls = 0;
  /** How many of these calls list app clients. */
  lists = 0;
  faultsMet = 0;
  /** The interruption that a script plans for a call. */
  interruptionOf?: (call: OurCall) => Interruption | undefined;

  constructor(scene: Scene, foreignWrite: () => void) {
    this.#scene = scene;
    this.#foreignWrite = foreignWrite;
  }

  /** Handles one of our calls, with the faults of the network, AWS and Lambda. */
  async handle(request: SdkRequest, { requestTimeout = 5000 }: { requestTimeout?: number }) {
    const invocation = invocations.getStore();
    if (!invocation) throw new Error('A call was made outside of an invocation.');
    if (invocation.dead) return forever();
    this.calls++;
    const call = callOf(request);
    if (call === 'cognito-idp:ListUserPoolClients') this.lists++;
    const text = textOf(request);
    const interruption = this.interruptionOf?.({ call, input: text, invocation });
    const drawn = interruption
      ? await interruption()
      : this.#scene.faults.draw(call, invocation.name === 'UpdateIdentityPool');
    if (invocation.dead) return forever();
    const trouble: Trouble | undefined = this.#scene.refusals.of(call, text) ?? drawn;
    const who = `${invocation.execution.slice(0, 8)} ${invocation.name}`;
    const shown =
      typeof trouble === 'object' ? `arrives after ${trouble.arrivesAfter} ms` : trouble;
    this.#scene.tell(`${who}  ${call}${shown ? `  ✗ ${shown}` : ''}`);
    if (trouble) this.faultsMet++;
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(Object.assign(new Error('request timed out'), { name: 'TimeoutError' })),
      requestTimeout,
    );
    const sending: Sending = {
      seen: this.#scene.observer.seenBy(invocation),
      at: this.#scene.clock.elapsed,
      isLater: this.#scene.observer.hasBegun(invocation),
    };
    if (WRITES.has(call)) this.#scene.observer.checkPause(invocation);
    if (call === 'cognito-identity:UpdateIdentityPool') {
      this.#scene.observer.moot.sent(invocation, sending, JSON.parse(text) as IdentityPool);
    }
    const response = await Promise.race([
      sendings.run(sending, () => this.#through(request, call, trouble, invocation)),
      timeout.promise,
    ]).finally(() => clearTimeout(timer));
    if (invocation.dead) return forever();
    if (sending.shown) this.#scene.observer.shown(invocation, sending.shown);
    const { status: statusCode, headers, body } = response;
    return { response: { statusCode, headers, body: new Uint8Array(Buffer.from(body)) } };
  }

  async #through(
    request: SdkRequest,
    call: string,
    trouble: Trouble | undefined,
    invocation: Invocation,
  ): Promise<WireResponse> {
    const [service = ''] = call.split(':');
    const wait = (from: number, to: number) =>
      new Promise<void>((resolve) => setTimeout(resolve, this.#scene.random.between(from, to)));
    const answer = async () => {
      const done = await speak(this.#scene.aws, wireOf(request));
      if (WRITES.has(call) && done.status === 200) this.#scene.observer.begun(invocation);
      return done;
    };
    const die = () => {
      invocation.die({ errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited' });
      return forever();
    };
    const [from, to] = service === 'dynamodb' ? [2, 8] : [20, 150];
    await wait(from, to);
    if (typeof trouble === 'object') {
      setTimeout(() => void answer(), trouble.arrivesAfter);
      throw connectionLost('ECONNRESET');
    }
    switch (trouble) {
      case 'denied':
        return errorAnswer('AccessDeniedException', 400);
      case 'throttled':
        return errorAnswer(throttleOf[service] ?? 'ThrottlingException', 400);
      case 'conflict':
        return errorAnswer('ConcurrentModificationException', 400);
      case 'expired':
        return errorAnswer('ExpiredTokenException', 400);
      case 'failed before':
        return errorAnswer('InternalErrorException', 500);
      case 'failed after':
        await answer();
        return errorAnswer('InternalErrorException', 500);
      case 'cut before':
        throw connectionLost('ECONNREFUSED');
      case 'cut after':
        await answer();
        throw connectionLost('ECONNRESET');
      case 'cut and late':
        setTimeout(() => void answer(), this.#scene.random.between(100, this.#scene.faults.latest));
        throw connectionLost('ECONNRESET');
      case 'slow':
        await wait(500, 9000);
        return answer();
      case 'killed before':
        return die();
      case 'killed after':
        await answer();
        return die();
      case 'hung':
        return forever();
      case 'foreign before':
        this.#foreignWrite();
        return answer();
      case 'foreign after': {
        const done = await answer();
        this.#foreignWrite();
        return done;
      }
      default: {
        const done = await answer();
        await wait(1, from);
        return done;
      }
    }
  }
}

/** `service:Operation` of a request. */
function callOf({ headers, body }: SdkRequest): string {
  const target = headers['x-amz-target'] ?? headers['X-Amz-Target'];
  const services: Record<string, string> = {
    AWSCognitoIdentityService: 'cognito-identity',
    AWSCognitoIdentityProviderService: 'cognito-idp',
    AWSEvents: 'events',
    DynamoDB_20120810: 'dynamodb',
  };
  if (target === undefined) return `sts:${new URLSearchParams(String(body)).get('Action')}`;
  const [prefix = '', operation] = target.split('.');
  return `${services[prefix] ?? prefix}:${operation}`;
}

/** Plain bytes: the SDK's own byte type has string methods, too. */
const bytesOf = (body: string | Uint8Array): Buffer =>
  typeof body === 'string'
    ? Buffer.from(body)
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);

const textOf = ({ body = '' }: SdkRequest): string => bytesOf(body).toString();

function wireOf({ method, path, headers, body = '' }: SdkRequest) {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, path, headers: Object.fromEntries(lower), body: bytesOf(body) };
}
