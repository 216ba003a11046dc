import type { EmbeddedAws } from 'embedded-aws';

// So that a listing of a few app clients takes several calls, between which things go wrong.
const SHORT_PAGE = 1;

/** Lets Cognito list app clients in pages of one, as it may: MaxResults is the most, not the least. */
export function shortenPages({ services }: EmbeddedAws): void {
  const { operations } = services.get('cognito-idp') ?? {};
  const list = operations?.['ListUserPoolClients'];
  if (!operations || !list) throw new Error('There are no user pools.');
  operations['ListUserPoolClients'] = {
    ...list,
    run: (call) => list.run({ ...call, input: { ...call.input, MaxResults: SHORT_PAGE } }),
  };
}

/** Fills a user pool with app clients that have been there for long: no event tells of them. */
export function fill({ userPools }: EmbeddedAws, userPoolId: string, count: number): void {
  const pool = userPools.find(userPoolId);
  if (!pool) throw new Error(`There is no user pool ${userPoolId}.`);
  const made = Date.now() / 1000;
  for (let i = 0; i < count; i++) {
    const ClientId = `old${String(i).padStart(23, '0')}`;
    pool.clients.set(ClientId, {
      UserPoolId: userPoolId,
      ClientId,
      ClientName: `old-${i}`,
      CreationDate: made,
      LastModifiedDate: made,
      RefreshTokenValidity: 30,
      TokenValidityUnits: {},
      EnableTokenRevocation: true,
      AuthSessionValidity: 3,
    });
  }
}
