import type { Context, PolicyDocument, Principal } from './iam.ts';

/** One call of an operation: caller, Region and input. */
export interface Call<Input = Record<string, unknown>> {
  service: string;
  operation: string;
  input: Input;
  principal: Principal | undefined;
  account: string;
  region: string;
  partition: string;
  requestId: string;
  userAgent: string;
}

/** A call as another service or the server makes it. */
export type Asked = Pick<Call, 'service' | 'operation' | 'input' | 'region'> &
  Partial<Pick<Call, 'userAgent'>> & { principal?: Principal | undefined };

/** The question to IAM about a call. */
export interface Judged {
  action?: string;
  resource?: string;
  context?: Context;
  resourcePolicy?: PolicyDocument | undefined;
  bothMustAllow?: boolean;
}

/** An event before a bus accepts it. */
export interface BusEvent {
  source: string;
  'detail-type': string;
  time: string;
  resources: string[];
  detail: object;
}

/** Puts an event on the default bus of an account and Region. */
export type Emit = (account: string, region: string, event: BusEvent) => void;
