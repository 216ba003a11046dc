import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** How to reach an account: a profile, credentials, or the default of the SDK. */
export interface Access {
  region: string;
  profile?: string | undefined;
  credentials?: Credentials | undefined;
  /** The endpoint URL, for example of the embedded AWS. */
  endpoint?: string | undefined;
}

/** A call, as the report lists it. */
export interface CallMade {
  account: string;
  region: string;
  operation: string;
  requestId: string | undefined;
  error?: string | undefined;
}

interface Logger {
  debug(): void;
  info(entry: unknown): void;
  warn(): void;
  error(entry: unknown): void;
}

interface Config {
  region: string;
  profile?: string;
  credentials?: Credentials;
  endpoint?: string;
  logger: Logger;
}

/** What the SDK passes to a logger after each command. */
interface Entry {
  commandName?: string;
  error?: Error;
  metadata?: { requestId?: string };
}

const configOf = ({ region, profile, credentials, endpoint }: Access, logger: Logger): Config => ({
  region,
  ...(profile !== undefined && { profile }),
  ...(credentials && { credentials }),
  ...(endpoint !== undefined && { endpoint }),
  logger,
});

interface Account {
  account: string;
  partition: string;
}

/** One account and Region. */
export class Place {
  readonly account: string;
  readonly partition: string;
  readonly #access: Access;
  readonly #log: (call: CallMade) => void;

  private constructor(access: Access, at: Account, log: (call: CallMade) => void) {
    this.account = at.account;
    this.partition = at.partition;
    this.#access = access;
    this.#log = log;
  }

  /**
   * Finds out which account it is.
   *
   * @throws the error of the SDK if it finds no credentials, or AWS does not accept them.
   */
  static async open(access: Access, log: (call: CallMade) => void): Promise<Place> {
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const { Arn = '' } = await new STSClient(configOf(access, silent)).send(
      new GetCallerIdentityCommand({}),
    );
    const [, partition = '', , , account = ''] = Arn.split(':');
    return new Place(access, { account, partition }, log);
  }

  get region(): string {
    return this.#access.region;
  }

  get profile(): string | undefined {
    return this.#access.profile;
  }

  /** The same account in another Region. */
  in(region: string): Place {
    const { profile, credentials, endpoint } = this.#access;
    return new Place({ region, profile, credentials, endpoint }, this, this.#log);
  }

  /** The same place with the credentials of a role session. */
  as(credentials: Credentials): Place {
    const { region, endpoint } = this.#access;
    return new Place({ region, credentials, endpoint }, this, this.#log);
  }

  client<C>(Client: new (config: Config) => C): C {
    return new Client(configOf(this.#access, this.#logger()));
  }

  #logger(): Logger {
    const note = (entry: unknown): void => {
      const { commandName = '', error, metadata } = entry as Entry;
      this.#log({
        account: this.account,
        region: this.region,
        operation: commandName.replace(/Command$/, ''),
        requestId: metadata?.requestId,
        error: error?.name,
      });
    };
    return { debug() {}, info: note, warn() {}, error: note };
  }
}
