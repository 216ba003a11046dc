import { isObject, isText } from '../../core/shape.ts';

/** A transition from one state to another. */
export interface Way {
  to: string;
  kind: 'next' | 'choice' | 'catch';
}

/** One state of a workflow. */
export interface Node {
  name: string;
  type: string;
  comment: string;
  ways: Way[];
  /** What a map runs for each of its items. */
  inside?: Graph;
}

/** A workflow as a graph. */
export interface Graph {
  start: string;
  nodes: Node[];
}

const text = (value: unknown): string => (isText(value) ? value : '');

const objects = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The transitions of a state, each once, even if several choices or errors use it. */
function waysOf({ Next, Default, Choices, Catch }: Record<string, unknown>): Way[] {
  const ways: Way[] = [
    { to: text(Next), kind: 'next' },
    ...objects(Choices).map(({ Next: to }) => ({ to: text(to), kind: 'choice' as const })),
    { to: text(Default), kind: 'choice' },
    ...objects(Catch).map(({ Next: to }) => ({ to: text(to), kind: 'catch' as const })),
  ];
  const seen = new Set(['']);
  return ways.filter(({ to }) => !seen.has(to) && seen.add(to));
}

/**
 * The graph of a definition in the Amazon States Language.
 *
 * @see https://states-language.net/spec.html
 */
export function graphOf(definition: unknown): Graph {
  const { StartAt, States = {} } = isObject(definition) ? definition : {};
  const nodes = Object.entries(isObject(States) ? States : {}).map(([name, value]): Node => {
    const state = isObject(value) ? value : {};
    const { Type, Comment, ItemProcessor } = state;
    return {
      name,
      type: text(Type),
      comment: text(Comment),
      ways: waysOf(state),
      ...(ItemProcessor !== undefined && { inside: graphOf(ItemProcessor) }),
    };
  });
  return { start: text(StartAt), nodes };
}
