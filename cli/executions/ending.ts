/** Why an execution did not succeed, and the report that it made. */
export interface Failed {
  error: string;
  message: string;
  report: Record<string, unknown>;
}

/** How an execution ended, or the executions of all parts of a reconcile. */
export type Ending = {
  execution: string;
  /** The executions of the parts after the first, if there are any. */
  parts?: string[];
  /** Of a reconcile in parts: the execution that compared each identity pool, by its id. */
  lookedBy?: ReadonlyMap<string, string>;
  status: string;
} & ({ output: Record<string, unknown> } | Failed);
