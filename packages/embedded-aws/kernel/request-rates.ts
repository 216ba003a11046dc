/** A token bucket: how many requests pass at once, and how many are added a second. */
export interface Bucket {
  size: number;
  perSecond: number;
}

/** A request rate that AWS publishes, for each account in each Region. */
export interface RequestRate {
  /** AWS's name of it: of a category, or of the only operation that it limits. */
  name: string;
  /** The operations that share the bucket; `others` are all that no rate of the service names. */
  operations?: readonly string[] | 'others';
  /** Which calls of these operations count, if not all do. */
  counts?: (input: Record<string, unknown>) => boolean;
  bucket: Bucket;
  /** The Regions where the bucket is another. */
  regions?: Readonly<Record<string, Bucket>>;
  /** A second bucket, for each resource of a kind and each operation by itself. */
  perResource?: {
    kind: string;
    bucket: Bucket;
    /** The id of the resource that a call is about. */
    idOf(input: Record<string, unknown>): string;
  };
  /** Where AWS publishes it. */
  page: string;
}

/** What a service says of its request rates. */
export interface Limited {
  name: string;
  /**
   * Every rate that AWS publishes for the operations here, as AWS's defaults. Where it publishes none, there
   * is none.
   */
  rates?: readonly RequestRate[];
  /** How a request over its rate is refused, if not with ThrottlingException. */
  throttled?: { code: string; status?: number };
}

/** The rates of all services. */
export const requestRates = (services: readonly Limited[]): (RequestRate & { service: string })[] =>
  services.flatMap(({ name: service, rates = [] }) => rates.map((rate) => ({ ...rate, service })));

/**
 * A bucket of one second's worth. AWS publishes no bucket size beside most rates, so that this size is an
 * assumption. The contract suite tries it where it hinders no one: for one user pool (`pool-burst`).
 */
export const each = (perSecond: number): Bucket => ({ size: perSecond, perSecond });
