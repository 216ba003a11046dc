import { isObject, isText } from '../../core/shape.ts';

/** A way from one state to another. */
export interface Way {
  to: string;
  kind: 'next' | 'choice' | 'catch';
}

/** One state of a workflow, as it is drawn. */
export interface Node {
  name: string;
  type: string;
  comment: string;
  ways: Way[];
  /** What a map runs for each of its items. */
  inside?: Graph;
}

/** A workflow, as it is drawn. */
export interface Graph {
  start: string;
  nodes: Node[];
}

const text = (value: unknown): string => (isText(value) ? value : '');

const objects = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** Each way once, however many choices or errors lead along it. */
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
 * What there is to draw of a definition in the Amazon States Language.
 * https://states-language.net/spec.html
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
