/** A time in ISO 8601 as people read it: to the second, in UTC. */
export const moment = (time: string | undefined): string =>
  time === undefined ? '' : `${time.slice(0, 19).replace('T', ' ')}Z`;
