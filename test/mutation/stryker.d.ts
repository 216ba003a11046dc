// `npm run test:mutation` installs this package when it is used. These are the parts that run.ts uses.
declare module '@stryker-mutator/core' {
  import type { MutantResult, PartialStrykerOptions } from '@stryker-mutator/api/core';

  export class Stryker {
    constructor(options: PartialStrykerOptions);
    runMutationTest(): Promise<MutantResult[]>;
  }
}
