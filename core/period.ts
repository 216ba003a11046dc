/** A period of time, in epoch milliseconds. */
export interface Period {
  from: number;
  until: number;
}
