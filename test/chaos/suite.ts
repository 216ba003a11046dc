import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import { entriesOf, type IdentityPool, type Provider } from '../../core/identity-pool.ts';
import { assembleAws } from '../../local/index.ts';
import type { Aws, Call } from '../../local/kernel/aws.ts';
import { deployStack, readTemplate } from '../../local/kernel/cloudformation.ts';
import type { WireResponse } from '../../local/kernel/protocol.ts';
import { speak } from '../../local/kernel/server.ts';
import type { Handlers } from './bundle.ts';
import { START, VirtualClock } from './clock.ts';
import { type Fault, Faults } from './faults.ts';
import { Judge } from './judge.ts';
import { Observer, type Sending, type Version } from './observer.ts';
import { Random } from './random.ts';

const ACCOUNT_A = '111111111111';
const ACCOUNT_B = '222222222222';
const HOME = { account: ACCOUNT_A, region: 'us-east-1' };
const POOLS = [
  'ap-south-1:00000000-0000-0000-0000-00000000c001',
  'ap-south-1:00000000-0000-0000-0000-00000000c002',
] as const;
// As in links.yml beside this file.
const QUOTAS = new Map([
  [POOLS[0], 1000],
  [POOLS[1], 12],
]);
const USER_POOLS = ['us-east-1_Chaos0001', 'us-east-1_Chaos0002'] as const;
/** The identity pools that links.yml allows a client. */
function covering(userPoolId: string, name: string): string[] {
  if (userPoolId === USER_POOLS[0]) return [POOLS[0]];
  return name.startsWith('web-') ? [...POOLS] : [POOLS[1]];
}
/** Those of them from which a client that is deleted goes, too. */
function leaving(userPoolId: string): string[] {
  return userPoolId === USER_POOLS[0] ? [POOLS[0]] : [POOLS[1]];
}
// What AWS does in a crowd: the suite's own latency comes on top.
const CROWDED = {
  latency: { 'cognito-identity': 100, 'cognito-idp': 100 },
  rates: { 'cognito-identity:UpdateIdentityPool': 10 },
};
// No execution of any seed may last longer, in milliseconds of virtual time.
const LONGEST = 40 * 60_000;

type Template = ReturnType<typeof readTemplate>;

/** What is deployed, read once for all seeds. */
export interface Deployment {
  service: Template;
  accountB: Template;
}

/** One run of a handler. */
interface Invocation {
  name: string;
  execution: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
  skew: number;
  dead: boolean;
  /** Whether it has neither answered nor died. */
  running: boolean;
  /** Ends the invocation as Lambda would. */
  die(error: { errorType: string; errorMessage: string }): void;
}

interface SdkRequest {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** What came of a seed. */
export interface Outcome {
  seed: number;
  violations: string[];
  timeline: string[];
  executions: number;
  updates: number;
  calls: number;
  faults: number;
  /** When the last execution ended, in milliseconds. */
  lastEnd: number;
  /** How many entries of ours the first identity pool has in the end. */
  entries: number;
  overwrittenInTheInstant: number;
  overwrittenUnseen: number;
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

const invocations = new AsyncLocalStorage<Invocation>();
const sendings = new AsyncLocalStorage<Sending>();

/** One seed: an AWS of its own, a schedule of requests, faults, and who watches. */
export class Suite {
  readonly #seed: number;
  readonly #random: Random;
  /** What Node draws from: until all is deployed, not from what is the seed's. */
  #drawn = new Random(0);
  readonly #faults: Faults;
  readonly #clock = new VirtualClock(() => invocations.getStore()?.skew ?? 0);
  readonly #observer = new Observer(() => this.#clock.elapsed, QUOTAS);
  readonly #handlers: Handlers;
  readonly #timeline: string[] = [];
  #aws!: Aws;
  #machineArn = '';
  #calls = 0;
  #faultCount = 0;
  /** The clients that are no more. */
  readonly #deleted = new Set<string>();
  readonly #clients: { userPoolId: string; clientId: string; name: string }[] = [];

  /** How many clients are created at the same moment, where that and nothing else happens. */
  readonly #crowd: number;

  constructor(seed: number, handlers: Handlers, crowd = 0) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#faults = new Faults(this.#random, crowd > 0);
    this.#handlers = handlers;
    this.#crowd = crowd;
  }

  #tell(what: string): void {
    this.#timeline.push(`${String(this.#clock.elapsed).padStart(7)}  ${what}`);
  }

  async run(deployment: Deployment): Promise<Outcome> {
    const { randomUUID, randomBytes, randomInt } = crypto;
    const { random } = Math;
    Math.random = () => this.#drawn.next();
    Object.assign(crypto, {
      randomUUID: () => this.#drawn.uuid(),
      randomBytes: (length: number) => this.#drawn.bytes(length),
      randomInt: (from: number, to?: number) =>
        to === undefined ? this.#drawn.between(0, from - 1) : this.#drawn.between(from, to - 1),
    });
    syncBuiltinESMExports();
    this.#clock.install();
    Object.assign(globalThis, {
      chaos: {
        handle: (request: SdkRequest, options: { requestTimeout?: number }) =>
          this.#handle(request, options),
        credentials: () => invocations.getStore()?.credentials,
      },
    });
    try {
      await this.#prepare(deployment);
      if (this.#crowd > 0) this.#createAtOnce();
      else this.#schedule();
      await this.#clock.run(() => false, LONGEST);
      await this.#judge();
    } finally {
      this.#clock.clear();
      this.#clock.uninstall();
      Math.random = random;
      Object.assign(crypto, { randomUUID, randomBytes, randomInt });
      syncBuiltinESMExports();
    }
    const { violations, updates, overwrittenInTheInstant, overwrittenUnseen } = this.#observer;
    return {
      ...{ seed: this.#seed, violations, timeline: this.#timeline, updates },
      ...{ overwrittenInTheInstant, overwrittenUnseen, calls: this.#calls },
      ...{ faults: this.#faultCount, executions: this.#aws.stateMachines.executions.size },
      lastEnd: this.#lastEnd(),
      entries: this.#observer.entriesNow(POOLS[0]).filter((key) => !key.includes(' foreign'))
        .length,
    };
  }

  #lastEnd(): number {
    const ends = [...this.#aws.stateMachines.executions.values()].map(
      ({ stopDate = 0 }) => stopDate,
    );
    return Math.max(0, ...ends) * 1000 - START;
  }

  #judge(): Promise<void> {
    const ending = {
      ...{ aws: this.#aws, observer: this.#observer, home: HOME, pools: POOLS },
      ...{ elapsed: this.#clock.elapsed, staleFor: this.#faults.staleFor },
      ...{ tell: (what: string) => this.#tell(what) },
    };
    return new Judge(ending).judge();
  }

  // ---------------------------------------------------------------- the accounts

  async #prepare({ service, accountB }: Deployment): Promise<void> {
    const aws = assembleAws({ trailDelay: [300, 1500], ...(this.#crowd > 0 && CROWDED) });
    this.#aws = aws;
    aws.code.unpack = () => '';
    const { tables } = aws;
    const ask = tables.ask.bind(tables);
    tables.ask = async (where, operation, input) => {
      const answer = await this.#clock.during(ask(where, operation, input));
      if (operation === 'UpdateItem') this.#observer.leaseUpdated(input, invocations.getStore());
      return answer;
    };
    aws.functions.invoke = (fn, payload) => this.#invoke(fn, payload);
    const deploying = this.#deploy(service, accountB);
    await this.#clock.run(() => false, 1000);
    await deploying;
    this.#drawn = this.#random;
    aws.trail.enabled = true;
    this.#watchPools();
  }

  async #deploy(service: Template, accountB: Template): Promise<void> {
    const aws = this.#aws;
    aws.trail.enabled = false;
    const outputs = await deployStack(aws, { ...HOME, name: 'poolbridge-dev', template: service });
    this.#machineArn = outputs['LinkStateMachineArn'] ?? '';
    await deployStack(aws, {
      account: ACCOUNT_B,
      region: 'ap-south-1',
      name: 'account-b',
      template: accountB,
      parameters: {
        TrustedAccountId: ACCOUNT_A,
        IdentityPoolIds: POOLS.join(','),
        ExternalId: 'pairing-1',
      },
    });
    for (const id of USER_POOLS) {
      const UserPoolTags = { _custom_id_: id };
      await this.#asA('cognito-idp', 'CreateUserPool', { PoolName: 'users', UserPoolTags });
    }
    for (const id of POOLS) await this.#createIdentityPool(id);
  }

  #asA(service: string, operation: string, input: Record<string, unknown>) {
    const principal = this.#aws.iam.principalOf(ACCOUNT_A);
    return this.#aws.call({ service, operation, input, principal, region: HOME.region });
  }

  /** A pool that holds some of what a pool can hold. */
  async #createIdentityPool(id: string): Promise<void> {
    const random = this.#random;
    const some = <T>(value: T) => (random.chance(0.6) ? value : undefined);
    const input = {
      IdentityPoolName: 'customers',
      AllowUnauthenticatedIdentities: random.chance(0.5),
      AllowClassicFlow: some(random.chance(0.5)),
      SupportedLoginProviders: some({ 'graph.facebook.com': '7' }),
      DeveloperProviderName: some('login.example'),
      OpenIdConnectProviderARNs: some([`arn:aws:iam::${ACCOUNT_B}:oidc-provider/a.example`]),
      SamlProviderARNs: some([`arn:aws:iam::${ACCOUNT_B}:saml-provider/staff`]),
      CognitoIdentityProviders: some(
        // Close to the quota, where there is one.
        Array.from({ length: random.between(1, 9) + (id === POOLS[1] ? 3 : 0) }, (_, i) =>
          this.#foreignEntry(i),
        ),
      ),
      IdentityPoolTags: { _custom_id_: id, ...(random.chance(0.5) && { team: 'b' }) },
    };
    const principal = this.#aws.iam.principalOf(ACCOUNT_B);
    const defined = Object.fromEntries(Object.entries(input).filter(([, v]) => v !== undefined));
    await this.#aws.call({
      ...{ service: 'cognito-identity', operation: 'CreateIdentityPool', input: defined },
      ...{ principal, region: 'ap-south-1' },
    });
    this.#observer.begin(this.#aws.identityPools.find(id).pool);
  }

  #foreignEntry(n: number): Provider {
    return {
      ProviderName: `cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Foreign${n}`,
      ClientId: `foreign${n}`,
      ...(this.#random.chance(0.5) && { ServerSideTokenCheck: this.#random.chance(0.5) }),
    };
  }

  // ---------------------------------------------------------------- what we see

  /** Stands between our calls and the pools: shows old states, and looks at every write. */
  #watchPools(): void {
    const operations = this.#aws.services.get('cognito-identity')?.operations ?? {};
    const { DescribeIdentityPool: describe, UpdateIdentityPool: update } = operations;
    if (!describe || !update) throw new Error('There are no identity pools.');
    const { run: describeNow } = describe;
    const { run: updateNow } = update;
    const executionOf = ({ principal }: Call) =>
      principal?.kind === 'role' ? principal.session.name : 'nobody';
    operations['DescribeIdentityPool'] = {
      ...describe,
      run: async (call) => {
        await describeNow(call);
        const version = this.#versionShown(String(call.input['IdentityPoolId']));
        const sending = sendings.getStore();
        if (sending) sending.shown = this.#observer.seen(version);
        return structuredClone(version.state);
      },
    };
    operations['UpdateIdentityPool'] = {
      ...update,
      run: async (call) => {
        const answer = await updateNow(call);
        const { pool } = this.#aws.identityPools.find(String(call.input['IdentityPoolId']));
        this.#observer.ourWrite(sendings.getStore(), pool, executionOf(call));
        return answer;
      },
    };
  }

  #versionShown(poolId: string): Version {
    const latest = this.#observer.latest(poolId);
    const { staleFor } = this.#faults;
    const age = this.#clock.elapsed - latest.at;
    const before = this.#observer.versions(poolId).at(-2);
    if (!before || age >= staleFor || this.#random.chance(0.5)) return latest;
    this.#tell(`Cognito shows ${poolId.slice(-4)} as it was ${age} ms ago`);
    return before;
  }

  /** Someone who knows nothing of the lease: the console, or an apply of Terraform. */
  #foreignWrite(): void {
    const stored = this.#aws.identityPools.find(this.#random.pick(POOLS));
    const pool: IdentityPool = structuredClone(stored.pool);
    const entries = entriesOf(pool);
    const isForeign = ({ ClientId }: Provider) => ClientId?.startsWith('foreign');
    const what = this.#random.between(0, 5);
    if (what === 0) pool.IdentityPoolName = `renamed${this.#random.between(0, 99)}`;
    if (what === 1) pool.AllowClassicFlow = !pool.AllowClassicFlow;
    if (what === 2) pool.IdentityPoolTags = { team: `t${this.#random.between(0, 99)}` };
    if (what === 3) {
      pool.CognitoIdentityProviders = [
        ...entries,
        this.#foreignEntry(this.#random.between(100, 999)),
      ];
    }
    if (what === 4) pool.CognitoIdentityProviders = entries.filter(isForeign);
    if (what === 5) pool.AllowUnauthenticatedIdentities = !pool.AllowUnauthenticatedIdentities;
    stored.pool = pool;
    this.#observer.foreignWrite(pool);
    const names = [
      'renames',
      'switches the classic flow',
      'tags',
      'adds an entry',
      'drops what is not its own',
      'switches guests',
    ];
    this.#tell(`a foreign writer ${names[what]} in ${pool.IdentityPoolId.slice(-4)}`);
  }

  // ---------------------------------------------------------------- Lambda

  async #invoke(
    {
      name,
      roleArn,
      arn,
      timeout,
    }: { name: string; roleArn: string; arn: string; timeout: number },
    payload: string,
  ) {
    const { session } = this.#aws.iam.assumeByService(roleArn, 'lambda.amazonaws.com', name, arn);
    const event = JSON.parse(payload);
    const ended = Promise.withResolvers<{
      payload: string;
      functionError?: string;
      version: string;
    }>();
    const version = '$LATEST';
    const skew =
      this.#faults.skew === 0
        ? 0
        : this.#random.between(-this.#faults.skew / 2, this.#faults.skew / 2);
    const deadline = this.#clock.elapsed + timeout * 1000;
    const invocation: Invocation = {
      name: name.replace('poolbridge-dev-', ''),
      execution: String(event.execution).split(':').at(-1) ?? '',
      credentials: session,
      skew,
      dead: false,
      running: true,
      die: (error) => {
        invocation.dead = true;
        invocation.running = false;
        ended.resolve({ payload: JSON.stringify(error), functionError: 'Unhandled', version });
      },
    };
    setTimeout(() => {
      const errorMessage = `Task timed out after ${timeout}.00 seconds`;
      invocation.die({ errorType: 'Sandbox.Timedout', errorMessage });
    }, timeout * 1000);
    const context = {
      ...{ functionName: name, invokedFunctionArn: arn, awsRequestId: this.#random.uuid() },
      ...{ functionVersion: version, memoryLimitInMB: '512' },
      getRemainingTimeInMillis: () => Math.max(0, deadline - this.#clock.elapsed),
    };
    const handler = this.#handlers[invocation.name];
    if (!handler) throw new Error(`There is no handler ${invocation.name}.`);
    invocations.run(invocation, async () => {
      try {
        const answer = await handler(event, context);
        invocation.running = false;
        ended.resolve({ payload: JSON.stringify(answer ?? null), version });
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        invocation.running = false;
        this.#tell(`${invocation.execution.slice(0, 8)} ${invocation.name} throws ${errorType}`);
        const thrown = JSON.stringify({ errorType, errorMessage });
        ended.resolve({ payload: thrown, functionError: 'Unhandled', version });
      }
    });
    return ended.promise;
  }

  /** A call of ours: what the network, AWS and Lambda make of it. */
  async #handle(request: SdkRequest, { requestTimeout = 5000 }: { requestTimeout?: number }) {
    const invocation = invocations.getStore();
    if (!invocation) throw new Error('A call came from nowhere.');
    if (invocation.dead) return forever();
    this.#calls++;
    const call = callOf(request);
    const fault = this.#faults.draw(call, invocation.name === 'UpdateIdentityPool');
    const who = `${invocation.execution.slice(0, 8)} ${invocation.name}`;
    this.#tell(`${who}  ${call}${fault ? `  ✗ ${fault}` : ''}`);
    if (fault) this.#faultCount++;
    const timeout = Promise.withResolvers<never>();
    setTimeout(
      () => timeout.reject(Object.assign(new Error('request timed out'), { name: 'TimeoutError' })),
      requestTimeout,
    );
    const sending: Sending = { seen: this.#observer.seenBy(invocation) };
    if (call === 'cognito-identity:UpdateIdentityPool') {
      this.#observer.sent(
        sending,
        JSON.parse(bytesOf(request.body ?? '').toString()) as IdentityPool,
      );
    }
    const response = await Promise.race([
      sendings.run(sending, () => this.#through(request, call, fault, invocation)),
      timeout.promise,
    ]);
    if (invocation.dead) return forever();
    if (sending.shown) this.#observer.shown(invocation, sending.shown);
    const { status: statusCode, headers, body } = response;
    return { response: { statusCode, headers, body: new Uint8Array(Buffer.from(body)) } };
  }

  async #through(
    request: SdkRequest,
    call: string,
    fault: Fault | undefined,
    invocation: Invocation,
  ): Promise<WireResponse> {
    const [service = ''] = call.split(':');
    const wait = (from: number, to: number) =>
      new Promise<void>((resolve) => setTimeout(resolve, this.#random.between(from, to)));
    const answer = () => speak(this.#aws, wireOf(request));
    const die = () => {
      invocation.die({ errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited' });
      return forever();
    };
    const [from, to] = service === 'dynamodb' ? [2, 8] : [20, 150];
    await wait(from, to);
    switch (fault) {
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
        setTimeout(() => void answer(), this.#random.between(100, 9000));
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

  // ---------------------------------------------------------------- requests

  #createAtOnce(): void {
    const { identityPools } = this.#aws;
    identityPools.providerQuota = 1000;
    const { pool } = identityPools.find(POOLS[0]);
    pool.CognitoIdentityProviders = [];
    this.#observer.begin(pool);
    for (let i = 0; i < this.#crowd; i++) void this.#createClient(USER_POOLS[0]);
  }

  #schedule(): void {
    const requests = this.#random.between(2, 6);
    // Some seeds crowd, some spread.
    const within = this.#random.pick([200, 3000, 15_000]);
    for (let i = 0; i < requests; i++) {
      setTimeout(() => void this.#request(), this.#random.between(0, within));
    }
    for (let i = this.#random.between(0, 3); i > 0; i--) {
      setTimeout(() => this.#foreignWrite(), this.#random.between(0, within + 5000));
    }
    if (this.#random.chance(0.15)) {
      setTimeout(() => this.#abortOne(), this.#random.between(500, within + 3000));
    }
    if (this.#random.chance(0.2)) {
      setTimeout(() => void this.#forge(), this.#random.between(0, within + 3000));
    }
    if (this.#random.chance(0.1)) this.#aws.buses.duplicate(2);
    if (this.#random.chance(0.1)) this.#aws.buses.drop(1);
    if (this.#random.chance(0.1)) {
      this.#aws.buses.hold();
      setTimeout(() => this.#aws.buses.release((held) => held.toReversed()), within + 2000);
    }
  }

  async #request(): Promise<void> {
    const known = this.#random.chance(0.4) && this.#clients.length > 0;
    if (!known) return this.#createClient();
    const { userPoolId, clientId, name } = this.#random.pick(this.#clients);
    const isThere = !this.#deleted.has(clientId);
    if (isThere && this.#random.chance(0.25)) return this.#deleteClient(userPoolId, clientId);
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    const operation = this.#random.chance(0.5) ? 'unlink' : 'link';
    const whole = operation === 'unlink' && this.#random.chance(0.2);
    const poolIds = covering(userPoolId, whole ? 'web-' : name);
    this.#observer.ask(operation, poolIds, providerName, whole ? undefined : clientId);
    const detail = { operation, userPoolId, ...(!whole && { clientId }) };
    this.#tell(`someone asks to ${operation} ${whole ? userPoolId : clientId}`);
    if (this.#random.chance(0.5)) {
      const Entries = [
        { Source: 'poolbridge', DetailType: 'LinkRequested', Detail: JSON.stringify(detail) },
      ];
      await this.#asA('events', 'PutEvents', { Entries });
    } else {
      const input = JSON.stringify(detail);
      await this.#asA('states', 'StartExecution', { stateMachineArn: this.#machineArn, input });
    }
  }

  async #createClient(userPoolId = this.#random.pick(USER_POOLS)): Promise<void> {
    const name = this.#random.chance(0.8) ? `web-${this.#clients.length}` : 'other';
    const { UserPoolClient } = (await this.#asA('cognito-idp', 'CreateUserPoolClient', {
      UserPoolId: userPoolId,
      ClientName: name,
    })) as { UserPoolClient: { ClientId: string } };
    const { ClientId: clientId } = UserPoolClient;
    this.#clients.push({ userPoolId, clientId, name });
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    this.#observer.ask('link', covering(userPoolId, name), providerName, clientId);
    this.#tell(`someone creates the app client ${clientId} (${name}) in ${userPoolId}`);
  }

  async #deleteClient(userPoolId: string, clientId: string): Promise<void> {
    const providerName = `cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    this.#deleted.add(clientId);
    this.#observer.ask('unlink', leaving(userPoolId), providerName, clientId);
    this.#tell(`someone deletes the app client ${clientId} in ${userPoolId}`);
    const input = { UserPoolId: userPoolId, ClientId: clientId };
    await this.#asA('cognito-idp', 'DeleteUserPoolClient', input);
  }

  /** Someone who may write to the table leaves a request that nobody has made. */
  async #forge(): Promise<void> {
    const key = `forged${this.#random.between(0, 999)}`;
    const identityPoolId = this.#random.pick(POOLS);
    const uncovered = this.#clients.find(
      ({ userPoolId, name }) => !covering(userPoolId, name).includes(identityPoolId),
    );
    const { userPoolId, clientId } = uncovered ?? {
      userPoolId: USER_POOLS[0],
      clientId: 'doesnotexist',
    };
    const body = { key, execution: 'x:forger', operation: 'link', userPoolId, clientId };
    this.#tell(`someone forges a request for ${clientId} in ${identityPoolId.slice(-4)}`);
    const Item = {
      ...{ pk: { S: identityPoolId }, sk: { S: `pending#${key}` }, ticket: { N: '0' } },
      ...{ body: { S: JSON.stringify(body) }, expiresAt: { N: String(Date.now() + 60_000) } },
    };
    await this.#aws.tables.ask(HOME, 'PutItem', { TableName: 'poolbridge-dev', Item });
  }

  #abortOne(): void {
    const { executions } = this.#aws.stateMachines;
    const running = [...executions.values()].filter(({ status }) => status === 'RUNNING');
    if (running.length === 0) return;
    const execution = this.#random.pick(running);
    this.#tell(`someone aborts ${execution.name.slice(0, 8)}`);
    this.#aws.stateMachines.stop(execution);
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

/** The SDK's own kind of bytes also wants to be a string; these are bytes only. */
const bytesOf = (body: string | Uint8Array): Buffer =>
  typeof body === 'string'
    ? Buffer.from(body)
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);

function wireOf({ method, path, headers, body = '' }: SdkRequest) {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { method, path, headers: Object.fromEntries(lower), body: bytesOf(body) };
}

/** Reads what is deployed: the compiled template of the packaged service, and Account-B's. */
export const readDeployment = (artifactFolder: string): Deployment => ({
  service: readTemplate(`${artifactFolder}/cloudformation-template-update-stack.json`),
  accountB: readTemplate(fileURLToPath(new URL('../../resources/account-b.yml', import.meta.url))),
});
