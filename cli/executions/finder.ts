import type { Machine } from '../../core/deployment.ts';
import { executionOf } from '../../core/execution.ts';
import { firstPartOf } from '../../core/reconcile/parts.ts';
import { isExecutionArn, isExecutionName } from '../../core/request/request.ts';
import { isDenied } from '../denied.ts';
import { UsageError } from '../output/exit.ts';
import type { Terminal } from '../output/terminal.ts';
import type { Session } from '../session.ts';
import { Executions, isUnknown } from './executions.ts';
import { Machines } from './machines.ts';

const MACHINES: Machine[] = ['link', 'reconcile'];

// Names that begin alike are shown up to this many.
const SHOWN = 5;

/** The value of a promise; undefined where the execution is unknown, or the caller may not look for it. */
async function ifKnown<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    if (isUnknown(error) || isDenied(error)) return undefined;
    throw error;
  }
}

const nameOf = (arn: string): string => executionOf(arn).name;

/** @throws UsageError if a text is neither the ARN of an execution nor the name of one, nor the beginning of one. */
function checkForm(named: string, isArn: boolean): void {
  if (isArn ? isExecutionArn(named) : isExecutionName(named)) return;
  throw new UsageError(
    isArn
      ? `${JSON.stringify(named)} is not the ARN of an execution, like arn:aws:states:REGION:ACCOUNT:execution:STATE_MACHINE:NAME.`
      : `${JSON.stringify(named)} can not be the name of an execution.`,
  );
}

/** What is said while and after a search. */
type Said = Pick<Terminal, 'commandLine'> & Partial<Pick<Terminal, 'busy' | 'idle'>>;

/** Finds executions of both state machines of a stage by what a person types. */
export class Finder {
  readonly #machines: Machines;
  readonly #executions: Executions;
  readonly #said: Said;

  constructor(session: Session, stage: string, said: Said) {
    this.#machines = new Machines(session, stage);
    this.#executions = new Executions(session, stage);
    this.#said = said;
  }

  /**
   * The ARN of an execution, by its ARN, its name, or the beginning of its name if no other begins so.
   *
   * @throws UsageError if there is none, or there are several.
   */
  async find(named: string): Promise<string> {
    const isArn = named.startsWith('arn:');
    checkForm(named, isArn);
    const exact = isArn ? [named] : await this.#named(named);
    for (const arn of exact) if (await ifKnown(this.#executions.exists(arn))) return arn;
    const begun = isArn ? undefined : await this.#beginningWith(named);
    if (begun !== undefined) return begun;
    // Step Functions forgets executions after 90 days; the log groups keep them longer.
    for (const arn of exact) if (await ifKnown(this.#executions.isLogged(arn))) return arn;
    throw new UsageError(
      `There is no execution ${named} in this account, Region and stage, neither in Step Functions nor in the log groups. To list them: ${this.#said.commandLine('history')}`,
    );
  }

  /** The ARN of the execution that began last. */
  async last(): Promise<string> {
    const found = await Promise.all(
      MACHINES.map((machine) => this.#executions.list(machine, { limit: 1 })),
    );
    const described = await Promise.all(found.flat().map((arn) => this.#executions.read(arn)));
    const [newest] = described.sort((a, b) => b.started.localeCompare(a.started));
    if (newest) return newest.execution;
    throw new UsageError('There are no executions yet.');
  }

  #named(name: string): Promise<string[]> {
    return Promise.all(MACHINES.map((machine) => this.#machines.executionArn(name, machine)));
  }

  /** The one execution whose name begins so, if there is any. */
  async #beginningWith(prefix: string): Promise<string | undefined> {
    this.#said.busy?.(`looking for executions whose names begin with ${prefix}`);
    const found = await Promise.all(
      MACHINES.map((machine) => ifKnown(this.#executions.list(machine, {}))),
    );
    this.#said.idle?.();
    const all = found.flatMap((arns = []) => arns.filter((arn) => nameOf(arn).startsWith(prefix)));
    if (all.length <= 1) return all[0];
    // The other parts of a reconcile have the name of the first, and a number.
    const [first, ...others] = new Set(all.map((arn) => firstPartOf(nameOf(arn))));
    const whole = all.find((arn) => nameOf(arn) === first);
    if (whole && others.length === 0) return whole;
    const shown = all.slice(0, SHOWN).map(nameOf).join(', ');
    const rest = all.length > SHOWN ? ', …' : '';
    throw new UsageError(
      `The names of ${all.length} executions begin with ${prefix}: ${shown}${rest}. Type more of the name.`,
    );
  }
}
