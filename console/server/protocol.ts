import type { FoundPool } from '../../cli/executions/entries.ts';
import type { DifferenceLine } from '../../cli/output/changes.ts';
import type { Layout } from './layout.ts';

/** What a caller may or may not do. */
export type Ability = 'link' | 'reconcile' | 'decide' | 'pause' | 'seePause' | 'seeStates';

/** The deployment, the caller and what the caller may do. */
export interface About {
  stage: string;
  region: string;
  account: string;
  caller: string;
  /** Whether the session uses AWS itself and not, for example, the embedded AWS. */
  isAwsItself: boolean;
  /** The abilities that the caller lacks, each with AWS's message. */
  denied: Partial<Record<Ability, string>>;
  /** The user pool and the identity pool of the demo on the embedded AWS. */
  demo?: { userPoolId: string; identityPoolId: string };
}

/** One execution in a list. Members that are not known yet are absent. */
export interface Row {
  execution: string;
  name: string;
  status: string;
  started: string;
  stopped?: string;
  outcome?: string;
  /** The outcomes of its identity pools that its status does not say, such as LINKED or WOULD_FAIL. */
  outcomes?: string[];
  operation?: string;
  userPoolId?: string;
  clientId?: string;
  clientName?: string;
  /** The ids, and names, of the app clients that it linked or unlinked, if it is not about a single one. */
  clients?: string[];
  /** ARN of the execution that it undoes. */
  undoes?: string;
  requestedBy?: string;
  isDryRun?: boolean;
  /** Set if a dry run says that the request would fail in an identity pool. */
  wouldFail?: true;
  /** What a reconcile has found, before its own repairs. */
  found?: string;
  /** Which part of a reconcile it is, after the first one. */
  part?: number;
  /** Whether it wrote to an identity pool. */
  wrote?: boolean;
  /** Whether it was ended while it wrote, and the write may still be made. */
  mayWrite?: true;
  /** The current state of a running execution. */
  at?: string;
  /** The identity pools in which it waits for approval. */
  waitsIn?: string[];
}

/** One page of a list, newest first. */
export interface Rows {
  rows: Row[];
  /** The token of the next page; absent at the end. */
  next?: string;
}

/** One entry that differs from links.yml. */
export interface Drift {
  state: string;
  userPoolId: string;
  clientId: string;
  clientName?: string;
  /** What a repair would do; absent if it would do nothing, or be refused. */
  repair?: string;
  /** Set if the entry has the name of the user pool's updated issuer. */
  issuer?: 'updated';
  /** Whether a change of it needs approval. */
  needsApproval?: true;
  /** Whether a request unlinked it, or keeps it away since others removed it. */
  isUnlinked?: true;
  /** What else is known about it, a few words each. */
  notes?: string[];
}

/** An identity pool as its last comparison with links.yml and the writes since then leave it. */
export interface PoolView {
  identityPoolId: string;
  links: string[];
  /** When it was compared, in ISO 8601. */
  asOf: string;
  /** ARN of the execution of reconcile. */
  execution: string;
  counts?: Record<string, number>;
  /** How many entries it holds. */
  held?: number;
  /** Whether the counts may be off by a few. */
  isAbout?: true;
  /** How many entries it may hold, by links.yml. */
  quota?: number;
  /** Its name, if an execution in the list has read it. */
  name?: string;
  drift: Drift[];
  omitted?: number;
  failure?: { error: string; message: string };
  /** Why a repair would be refused, for entries whose notes say so. */
  wouldFail?: { error: string; message: string };
  /** How many entries executions of link have written since then. */
  since: { linked: number; unlinked: number };
  /** Of how many app clients, or whole user pools, the last request has failed since then. */
  failed?: number;
  /** Set if more may have failed than were read, also if none of those that were read has. */
  areMoreFailed?: true;
  /** Some of these requests, the newest first. */
  failures?: FailedRequest[];
}

/** A request that has failed in an identity pool. */
export interface FailedRequest {
  /** ARN of its execution. */
  execution: string;
  userPoolId: string;
  /** Absent if it was about the whole user pool. */
  clientId?: string;
  clientName?: string;
  /** When it ended, in ISO 8601. */
  stopped: string;
}

/** Every entry of an identity pool. */
export interface PoolEntries extends FoundPool {
  /** How many entries the identity pool has. */
  total: number;
  /** When it was read at the earliest, in ISO 8601. */
  asOf: string;
  /** AWS's message, if the caller may not read the ledger, which knows who wrote each entry. */
  ledgerDenied?: string;
}

/** One link that is deployed. */
export interface LinkView {
  name: string;
  /** Their ids, and the tags that they are found by. */
  userPools: string[];
  /** Globs on the names of app clients. */
  clients: string[];
  identityPoolId: string;
  /** Everything else that it says. */
  settings: string[];
}

/** What deploying the working copy would do to a link. Values are JSON. */
export interface LinkChangeView {
  op: 'add' | 'remove' | 'change';
  link: string;
  keys: { key: string; before?: string; after?: string }[];
}

/** Where the map of user pools, links and identity pools draws what, in pixels. */
export interface MapView {
  width: number;
  height: number;
  nodes: {
    kind: 'user pool' | 'link' | 'identity pool';
    name: string;
    x: number;
    y: number;
    width: number;
    height: number;
  }[];
  /** The two ends of each line. */
  ways: [x: number, y: number][][];
}

/** links.yml as it is deployed, and as it is in the working copy. */
export interface LinksView {
  /** The file of the working copy. */
  file: string;
  /** Why the file can't be read. */
  problem?: string;
  /** Absent if no version of the file that is at hand is the deployed one. */
  deployed?: LinkView[];
  /** Absent if there are too many links to draw. */
  map?: MapView;
  /** When the file was read, in ISO 8601. */
  asOf: string;
  /** Absent if one of the two is not known. */
  changes?: LinkChangeView[];
  /** Set if the links that both have stand in another order, which may decide what applies. */
  isReordered?: true;
}

/** The overview, which is kept up to date while a page is open. */
export interface Overview {
  about: About;
  /** Text that says since when, by whom and why all writes are paused. */
  paused?: string;
  /** Absent until they are read. */
  pools?: PoolView[];
  /** The executions that wait for approval, on a page or older. */
  waiting: Row[];
  /** Executions of link that are too old for the page and run, or ran at an earlier refresh. */
  older: Row[];
  link: Rows;
  reconcile: Rows;
  /** The error of the last refresh. */
  trouble?: string;
}

/** A state that an execution has entered. */
export interface Visit {
  /** The id of the event that entered the state. */
  id: number;
  state: string;
  identityPoolId?: string;
  status: 'running' | 'waiting' | 'done' | 'failed' | 'ended';
  entered: string;
  seconds?: number;
  attempts?: number;
  errors?: string[];
}

/** The input and output of a state, as JSON. */
export interface Data {
  input?: string;
  output?: string;
}

/** The result for one identity pool, or the result that a plan would have. */
export interface ResultView {
  identityPoolId?: string;
  links: string[];
  outcome: string;
  lines: DifferenceLine[];
  /** The changes of the whole write, if other requests share it. */
  whole?: DifferenceLine[];
  /** Those of the lines that the identity pool never showed: another request of the same write took them back. */
  cancelled?: DifferenceLine[];
  changedSince?: DifferenceLine[];
  facts: [what: string, value: string][];
  error?: string;
  message?: string;
  /** The identity pool before and after, as JSON. */
  sides?: SideBlock[];
}

/** Lines of two texts side by side, which are equal, or of which each is in one text only. */
export interface SideBlock {
  isSame: boolean;
  before: string[];
  after: string[];
}

/** An entry that others removed, as a reconcile has found out. */
export interface RemovedView {
  clientId: string;
  identityPoolId: string;
  /** ARN of who removed it, and when; absent if that is not known. */
  by?: string;
  at?: string;
  /** What Poolbridge did about it: restored it, or restored it too often and left it to a person. */
  restore?: 'restored' | 'braked';
  message: string;
}

/** A change that waits for a person. */
export interface WaitingView {
  identityPoolId: string;
  links: string[];
  /** Since when and until when it waits, in ISO 8601. */
  since: string;
  until: string;
  lines: DifferenceLine[];
}

/** One execution in full. */
export interface ExecutionView {
  row: Row;
  machine: 'link' | 'reconcile';
  /** ARN of the execution that reconciles the next part. */
  next?: string;
  facts: [what: string, value: string][];
  /** Where the AWS console shows it, its logs, and its calls. */
  links: { text: string; href: string }[];
  results: ResultView[];
  /** What a reconcile has found in each identity pool. */
  findings: PoolView[];
  removed: RemovedView[];
  waiting: WaitingView[];
  isUndoable: boolean;
  /** Why it can't be undone although it has written, and the execution that is the reason. */
  notUndoable?: { sentence: string; execution?: string };
  /** The drawing of the workflow; absent if the caller may not read it, or it no longer exists. */
  graph?: Layout;
  visits: Visit[];
  /** The action that makes the request again, if it did not succeed and another attempt may. */
  again?: Action;
  /** Why no other attempt is needed, and the execution that is the reason. */
  notAgain?: { sentence: string; execution?: string };
}

/** An action of the console; each is planned first. */
export type Action =
  | {
      kind: 'link' | 'unlink';
      userPoolId: string;
      clientId: string;
      identityPoolId?: string;
    }
  /** If it names an identity pool, only there. */
  | { kind: 'undo'; execution: string; identityPoolId?: string }
  /** Repairs the identity pool of this link. */
  | { kind: 'repair'; link: string }
  | { kind: 'approve' | 'deny'; execution: string; identityPoolId: string }
  | { kind: 'pause' | 'resume' };

/** What an action would do, for a person to confirm. */
export interface Plan {
  /** Confirms the plan, once; absent if there is nothing to do. */
  id?: string;
  title: string;
  /** The label of the button that confirms the plan. */
  verb: string;
  sentences: string[];
  results: ResultView[];
  /** Whether a person gives a reason, which the audit keeps. */
  reason: 'needed' | 'optional' | 'none';
  /** Why it can't be confirmed now. */
  held?: string;
}

/** The result of a confirmed plan. */
export interface Done {
  message: string;
  /** ARN of the execution that carries it out. */
  execution?: string;
}

/** One line of the stream that keeps a page up to date. */
export type News =
  | { overview: Overview }
  | { execution: ExecutionView }
  | { failure: { execution: string; message: string } };

/** The result of a sign-in. */
export interface SignIn {
  clientId: string;
  /** The ARN of the role session, and when it expires; absent if the sign-in was refused. */
  session?: { arn: string; expires: string };
  refusal?: string;
}

/** The same, with when it was tried, in ISO 8601. */
export interface TriedSignIn extends SignIn {
  at: string;
}
