import type { DifferenceLine } from '../../cli/output/changes.ts';
import type { Graph } from './graph.ts';

/** What a caller may do or not, as far as it is known. */
export type Ability = 'link' | 'reconcile' | 'decide' | 'pause';

/** What the page is told once: who looks at what, and what is offered. */
export interface About {
  stage: string;
  region: string;
  account: string;
  caller: string;
  /** The stage's own page in the AWS console, where there is one. */
  isAwsItself: boolean;
  /** Why each that is not here may not be done, in AWS's words. */
  denied: Partial<Record<Ability, string>>;
  /** Where one may try it out: the user pool and the identity pool of the embedded AWS. */
  demo?: { userPoolId: string; identityPoolId: string };
}

/** One execution in a list. What is not known yet is absent. */
export interface Row {
  execution: string;
  name: string;
  status: string;
  started: string;
  stopped?: string;
  outcome?: string;
  operation?: string;
  userPoolId?: string;
  clientId?: string;
  who?: string;
  isDryRun?: boolean;
  /** The state that one that runs has entered last. */
  at?: string;
}

/** One page of a list, the last first. */
export interface Rows {
  rows: Row[];
  /** By which AWS goes on; absent at the end. */
  next?: string;
}

/** One entry that is not as links.yml has it. */
export interface Drift {
  state: string;
  userPoolId: string;
  clientId: string;
  clientName?: string;
  repair?: string;
  /** Whether it is the entry under the name of the user pool's updated issuer. */
  issuer?: 'updated';
}

/** An identity pool as it was when it was last held against links.yml. */
export interface PoolView {
  identityPoolId: string;
  links: string[];
  asOf: string;
  /** ARN of the execution of reconcile. */
  execution: string;
  counts?: Record<string, number>;
  drift: Drift[];
  omitted?: number;
  failure?: { error: string; message: string };
  /** What that execution, or those of link since then, have written. */
  since: { linked: number; unlinked: number };
}

/** What is kept up to date while somebody looks. */
export interface Overview {
  about: About;
  /** Since when, by whom and why all writes are paused. */
  paused?: string;
  pools: PoolView[];
  link: Rows;
  reconcile: Rows;
  /** What went wrong at the last look. */
  trouble?: string;
}

/** A state that an execution has entered. */
export interface Visit {
  /** Of the event by which it was entered. */
  id: number;
  state: string;
  identityPoolId?: string;
  status: 'running' | 'waiting' | 'done' | 'failed' | 'ended';
  entered: string;
  seconds?: number;
  attempts?: number;
  errors?: string[];
}

/** What a state was given and what it handed on: JSON. */
export interface Data {
  input?: string;
  output?: string;
}

/** What came of one identity pool, or would come of it. */
export interface ResultView {
  identityPoolId?: string;
  links: string[];
  outcome: string;
  lines: DifferenceLine[];
  /** Of the whole write, where requests of others share it. */
  whole?: DifferenceLine[];
  changedSince?: DifferenceLine[];
  facts: [what: string, value: string][];
  error?: string;
  message?: string;
  /** JSON of the identity pool. */
  before?: string;
  after?: string;
}

/** A change that waits for a person. */
export interface WaitingView {
  identityPoolId: string;
  links: string[];
  lines: DifferenceLine[];
}

/** One execution in full. */
export interface ExecutionView {
  row: Row;
  machine: 'link' | 'reconcile';
  facts: [what: string, value: string][];
  /** Where the AWS console shows it. */
  link?: string;
  results: ResultView[];
  waiting: WaitingView[];
  isUndoable: boolean;
  /** Absent where the caller may not see it, or it is no more. */
  graph?: Graph;
  visits: Visit[];
}

/** What may be asked for; each is planned first. */
export type Action =
  | {
      kind: 'link' | 'unlink';
      userPoolId: string;
      clientId: string;
      identityPoolId?: string;
    }
  | { kind: 'undo'; execution: string }
  /** Of the identity pool of this link. */
  | { kind: 'repair'; link: string }
  | { kind: 'approve' | 'deny'; execution: string; identityPoolId: string }
  | { kind: 'pause' | 'resume' };

/** What would be done, for a person to confirm. */
export interface Plan {
  /** By which it is confirmed, once; absent where there is nothing to do. */
  id?: string;
  title: string;
  /** What the button that confirms it says. */
  verb: string;
  sentences: string[];
  results: ResultView[];
  /** Whether it can't be done without saying why. */
  needsReason: boolean;
}

/** What came of a plan that was confirmed. */
export interface Done {
  message: string;
  /** ARN of the execution that does it. */
  execution?: string;
}

/** One line of the stream that keeps a page up to date. */
export type News =
  | { overview: Overview }
  | { execution: ExecutionView }
  | { failure: { execution: string; message: string } };

/** What became of a user who wanted in. */
export interface SignIn {
  clientId: string;
  /** ARN of whom he has become, and until when; or why not. */
  session?: { arn: string; expires: string };
  refusal?: string;
}
