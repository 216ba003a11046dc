import { randomUUID } from 'node:crypto';

const START = 'console-plan-';

/** The name of an execution that makes a plan of the console. */
export const planName = (): string => `${START}${randomUUID()}`;

/** Whether an execution only makes a plan of the console. The lists leave it out. */
export const isPlan = (name: string): boolean => name.startsWith(START);
