/** A token bucket: its size in requests, and how many are added per second. */
export interface Bucket {
  size: number;
  perSecond: number;
}

/** A request rate that AWS publishes. It applies per account and Region. */
export interface RequestRate {
  /** AWS's name for it: a category, or the single operation that it limits. */
  name: string;
  /** The operations that share the bucket; `others` means all that no other rate of the service names. */
  operations?: readonly string[] | 'others';
  /** Whether a call counts; if absent, all calls do. */
  counts?: (input: Record<string, unknown>) => boolean;
  bucket: Bucket;
  /** Buckets of Regions that differ. */
  regions?: Readonly<Record<string, Bucket>>;
  /** A second bucket, per resource and operation. */
  perResource?: {
    kind: string;
    bucket: Bucket;
    /** The id of the resource that a call names. */
    idOf(input: Record<string, unknown>): string;
  };
  /** The AWS page that publishes the rate. */
  page: string;
}

/** The request rates of a service. */
export interface Limited {
  name: string;
  /** Every rate that AWS publishes for the operations here, with AWS's defaults. Other operations are unlimited. */
  rates?: readonly RequestRate[];
  /** The error of a request over its rate, if it is not ThrottlingException. */
  throttled?: { code: string; status?: number };
}

/** The rates of all services. */
export const requestRates = (services: readonly Limited[]): (RequestRate & { service: string })[] =>
  services.flatMap(({ name: service, rates = [] }) => rates.map((rate) => ({ ...rate, service })));

/**
 * A bucket that holds the requests of one second. For most rates AWS publishes no bucket size, so the size is an
 * assumption. The contract suite tests it where that disturbs no other user: on one user pool (`pool-burst`).
 */
export const each = (perSecond: number): Bucket => ({ size: perSecond, perSecond });
