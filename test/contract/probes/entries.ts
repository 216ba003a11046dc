import { outcome, outcomeInWords, saw } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import { clientsOf, described, entry, required, update } from './pool.ts';

const MALFORMED = 'InvalidParameterException: Invalid Cognito Identity Provider';

export const entries: Probe = {
  name: 'entries',
  does: 'Sends entries without an existing user pool, and malformed entries.',
  beliefs: [
    {
      about: 'a user pool and a client that do not exist',
      believed: 'accepted',
      source: "Terraform's acceptance tests link invented ids",
    },
    {
      about: 'an entry without a ProviderName',
      believed: MALFORMED,
      source: 'https://github.com/amazon-archives/amazon-quicksight-embedding-sample/issues/1',
    },
    {
      about: 'an id of a user pool as ProviderName',
      believed: MALFORMED,
      source: 'https://github.com/aws/aws-cdk/issues/11054',
    },
  ],
  async observe(world) {
    const pool = await required(world, await world.identityPool());
    const sent = (CognitoIdentityProviders: { ProviderName?: string; ClientId: string }[]) =>
      outcomeInWords(update(world, { ...pool, CognitoIdentityProviders }));
    const ProviderName = entry(world, 'a').ProviderName ?? '';
    return {
      'a user pool and a client that do not exist': await sent([{ ProviderName, ClientId: 'a' }]),
      'an entry without a ProviderName': await sent([{ ClientId: 'a' }]),
      'an id of a user pool as ProviderName': await sent([
        { ProviderName: `${world.a.region}_Contract1`, ClientId: 'a' },
      ]),
    };
  },
};

const QUOTAS = 'https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html';

export const quota: Probe = {
  name: 'quota',
  does: 'Sends 50 entries, and then one more. Where the quota of the account is higher, both are accepted.',
  beliefs: [
    { about: '50 entries', believed: 'accepted', source: QUOTAS },
    {
      about: 'the 51st entry',
      believed: 'LimitExceededException',
      source: `${QUOTAS}; the name is the model's, the text is not known`,
    },
    {
      about: 'the entries after the refusal',
      believed: '50',
      source: `${ASSUMPTION}: what is refused changes nothing`,
    },
  ],
  async observe(world) {
    const id = await world.identityPool();
    const pool = await required(world, id);
    const sent = (count: number) => {
      const all = Array.from({ length: count }, (_, i) => entry(world, `client${i}`));
      return update(world, { ...pool, CognitoIdentityProviders: all });
    };
    const fifty = await outcome(sent(50));
    const beyond = await outcome(sent(51));
    const left = clientsOf(await described(world, id)).length;
    const after = { seen: String(left), requestId: beyond.requestId };
    return {
      '50 entries': fifty,
      'the 51st entry': beyond,
      'the entries after the refusal': after,
    };
  },
};

export const duplicates: Probe = {
  name: 'duplicates',
  does: 'Sends the same entry twice.',
  beliefs: [
    {
      about: 'the same entry twice',
      believed: 'InvalidParameterException',
      source: `${ASSUMPTION}: Poolbridge never sends one, so only the embedded AWS relies on it`,
    },
  ],
  async observe(world) {
    const id = await world.identityPool();
    const pool = await required(world, id);
    const twice = [entry(world, 'a'), entry(world, 'a')];
    const seen = await outcome(update(world, { ...pool, CognitoIdentityProviders: twice }));
    const kept = clientsOf(await described(world, id)).length;
    const detail = seen.detail ?? `the pool has ${kept} afterwards`;
    return { 'the same entry twice': { seen: seen.seen, requestId: seen.requestId, detail } };
  },
};

export const order: Probe = {
  name: 'order',
  does: 'Sends entries in an unsorted order.',
  beliefs: [
    {
      about: 'the entries that DescribeIdentityPool shows',
      believed: 'those that were sent',
      source: 'CloudFormation and Terraform treat the list as a set',
    },
  ],
  async observe(world) {
    const id = await world.identityPool();
    const pool = await required(world, id);
    const sent = ['c', 'a', 'b'];
    const providers = sent.map((client) => entry(world, client));
    const answer = await update(world, { ...pool, CognitoIdentityProviders: providers });
    const after = await described(world, id);
    const shown = (after.CognitoIdentityProviders ?? []).map(({ ClientId }) => ClientId).join(' ');
    const same = clientsOf(after).join(' ') === sent.sort().join(' ');
    const seen = saw(same ? 'those that were sent' : 'others', answer, `in the order ${shown}`);
    return { 'the entries that DescribeIdentityPool shows': seen };
  },
};
