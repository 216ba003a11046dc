import type { Probe } from '../probe.ts';

export const rates: Probe = {
  name: 'request-rates',
  does: 'Nothing: a limit is found only by reaching it, which would throttle other callers in the account too.',
  beliefs: [
    {
      about: 'the request rates that the embedded AWS keeps',
      believed: 'those that AWS publishes',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html',
    },
  ],
  async observe() {
    const notTried =
      'Reaching a limit would hinder others in the account: compare with Service Quotas instead.';
    return { 'the request rates that the embedded AWS keeps': { notTried } };
  },
};
