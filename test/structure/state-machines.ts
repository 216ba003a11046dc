import assert from 'node:assert/strict';
import { contentOf, memberOf } from './limits.ts';

interface Retry {
  ErrorEquals: string[];
  IntervalSeconds: number;
  MaxAttempts: number;
  BackoffRate: number;
  MaxDelaySeconds?: number;
}

interface State {
  Type: string;
  Resource?: { 'Fn::GetAtt'?: [string] };
  TimeoutSeconds?: number;
  Result?: { Error: string; Cause: string };
  Retry?: (Retry | string)[];
  ItemProcessor?: { States: Record<string, State> };
}

/** A number in a YAML file. */
export function numberIn(file: string, path: string): number {
  const value = Number(memberOf(contentOf(file), path));
  assert.ok(!Number.isNaN(value), `${file} has no number at ${path}`);
  return value;
}

const statesIn = (states: Record<string, State>): [string, State][] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state],
    ...statesIn(state.ItemProcessor?.States ?? {}),
  ]);

const machines = ['statemachines/link.asl.yml', 'statemachines/reconcile.asl.yml'];
/** Every state of both state machines. */
export const states = machines.flatMap((file) =>
  statesIn(memberOf(contentOf(file), 'States') as Record<string, State>).map(([name, state]) => ({
    file,
    name,
    state,
  })),
);

/** How a step retries an error of its own. */
export function retryOf(step: string, error: string): Retry {
  const state = states.find(({ name }) => name === step)?.state;
  const retry = state?.Retry?.find(
    (each): each is Retry => typeof each === 'object' && each.ErrorEquals.includes(error),
  );
  assert.ok(retry, `${step} does not retry ${error}`);
  return retry;
}

/** How many seconds a step waits at most until an error is final. */
export function secondsOfRetry(step: string, error: string): number {
  const retry = retryOf(step, error);
  const { IntervalSeconds, BackoffRate, MaxAttempts } = retry;
  const { MaxDelaySeconds = Number.POSITIVE_INFINITY } = retry;
  const waits = Array.from({ length: MaxAttempts }, (_, i) =>
    Math.min(IntervalSeconds * BackoffRate ** i, MaxDelaySeconds),
  );
  return waits.reduce((sum, wait) => sum + wait, 0);
}

/** How many seconds a function may run. */
export const timeoutOf = (name: string): number =>
  Number(
    memberOf(contentOf('serverless.yml'), `functions.${name}.timeout`) ??
      numberIn('serverless.yml', 'provider.timeout'),
  );
