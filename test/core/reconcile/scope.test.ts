import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changedLinks, linksDigest } from '../../../core/reconcile/changed-links.ts';
import {
  isWhole,
  judgedLinks,
  type Listing,
  parseReconcile,
  planOf,
  reaches,
  taggedRegions,
  tagSetsOf,
  unlistedFor,
} from '../../../core/reconcile/plan.ts';
import { linkOf, POOL } from '../link-of.ts';

const NOW = 1_800_000_000_000;

describe('the scope of a reconcile', () => {
  const { userPools: _, ...tagged } = linkOf({ userPoolTags: { team: 'x' } });
  const all = {
    named: linkOf({ userPools: ['us-east-1_A', 'us-east-1_B'] }),
    tagged,
    elsewhere: linkOf({ userPools: ['eu-west-1_A'], identityPool: 'eu-west-1:1' }),
  };

  test('is every link, or those that lead to the identity pool of the one that is named', () => {
    assert.deepEqual(parseReconcile({}, all), { repair: false });
    assert.deepEqual(parseReconcile({ link: '', repair: true }, all), { repair: true });
    const asked = { link: 'named', reason: 'an event was lost' };
    assert.deepEqual(parseReconcile(asked, all), { link: 'named', repair: false });
    const every = { repair: false, allEntries: true };
    assert.deepEqual(parseReconcile({ allEntries: true }, all), every);
    assert.throws(() => parseReconcile({ allEntries: 1 }, all), /allEntries must be true or false/);
    assert.throws(() => parseReconcile({ reason: 7 }, all), /reason must be a text/);
    const claimedArn = 'arn:aws:iam::111111111111:user/alice';
    assert.deepEqual(parseReconcile({ claimedArn }, all), { repair: false });
    assert.throws(() => parseReconcile({ claimedArn: 'alice' }, all), /claimedArn must be/);
    assert.deepEqual(Object.keys(judgedLinks(all, {})), Object.keys(all));
    assert.deepEqual(Object.keys(judgedLinks(all, { link: 'tagged' })), ['named', 'tagged']);
  });

  test('is what changed links lead to, if a deployment asks', () => {
    const changed = { repair: true, changedOnly: true };
    assert.deepEqual(parseReconcile(changed, all), changed);
    for (const named of [{ link: 'named' }, { identityPoolId: POOL }]) {
      assert.throws(() => parseReconcile({ ...changed, ...named }, all), {
        name: 'InvalidRequestError',
        message: /^changedOnly stands for .* Leave out link and identityPoolId\.$/,
      });
    }
    const judged = new Map([POOL, 'eu-west-1:1'].map((id) => [id, linksDigest(all, id)]));
    const namesOf = (links: typeof all) => Object.keys(changedLinks(links, judged));
    assert.deepEqual(Object.keys(changedLinks(all, new Map())), Object.keys(all));
    assert.deepEqual(namesOf(all), []);
    // Every link to the identity pool is judged, not only the one that changed.
    const other = { ...all, tagged: { ...tagged, userPoolTags: { team: 'y' } } };
    assert.deepEqual(namesOf(other), ['named', 'tagged']);
    const { elsewhere, ...others } = all;
    const more = { ...all, more: { ...elsewhere, userPools: ['eu-west-1_B'] } };
    assert.deepEqual(namesOf(more), ['elsewhere', 'more']);
    assert.deepEqual(Object.keys(changedLinks(others, judged)), []);
  });

  test('is each user pool once, and by tags only if a link uses them', () => {
    assert.deepEqual(taggedRegions(all, 'us-east-1'), ['us-east-1']);
    assert.deepEqual(taggedRegions(judgedLinks(all, { link: 'elsewhere' }), 'us-east-1'), []);
    const found = ['us-east-1_B', ...Array.from({ length: 25 }, (_, i) => `us-east-1_N${i}`)];
    const plan = planOf(all, { repair: true }, { since: NOW, regions: ['us-east-1'], found });
    const ids = plan.userPools.flat();
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.length, 28);
    assert.deepEqual(
      plan.identityPools.map(({ identityPoolId, links: names }) => [identityPoolId, names]),
      [
        [POOL, ['named', 'tagged']],
        ['eu-west-1:1', ['elsewhere']],
      ],
    );
  });

  test('is of all identity pools only if it repairs every link, and is no recheck', () => {
    const whole = (request: Parameters<typeof isWhole>[2], judged = judgedLinks(all, request)) =>
      isWhole(all, judged, request);
    assert.equal(whole({ repair: true }), true);
    assert.equal(whole({ repair: false }), false);
    assert.equal(whole({ repair: true, link: 'elsewhere' }), false);
    // As a deployment asks: the first one finds that every link has changed.
    const changed = { repair: true, changedOnly: true } as const;
    assert.equal(whole(changed, changedLinks(all, new Map())), true);
    const { elsewhere, ...others } = all;
    assert.equal(whole(changed, others), false);
    assert.equal(whole(changed, {}), false);
    // The last part, which starts with the rest of the identity pools.
    const part = { number: 2, after: 'eu-west-1:0', failed: false };
    assert.equal(whole({ repair: true, part }), true);
    assert.equal(whole({ repair: true, part: { ...part, failed: true } }), false);
    // Even if there is no other identity pool.
    const recheck = { repair: true, identityPoolId: POOL, isRecheck: true } as const;
    assert.equal(isWhole(others, judgedLinks(others, recheck), recheck), false);
  });

  test('is read for an identity pool only if its links may cover it', () => {
    const sets = tagSetsOf(all, { team: 'x', other: 'y' });
    assert.equal(sets.length, 1);
    assert.deepEqual(tagSetsOf(all, { team: 'y' }), []);
    assert.ok(reaches(all, ['us-east-1_Z', 'digest', sets]));
    assert.ok(!reaches(all, ['us-east-1_Z', 'digest', []]));
    assert.ok(!reaches(judgedLinks(all, { link: 'elsewhere' }), ['us-east-1_Z', 'digest', sets]));
    assert.ok(reaches(all, ['us-east-1_A', 'digest', []]));
  });

  test('leaves out only what depends on a user pool that can’t be listed', () => {
    const failure = { Error: 'AccessDeniedException', Cause: 'Not today.' };
    const listings = (rest: Partial<Listing>): Listing[] => [{ unlisted: [], failure, ...rest }];
    const elsewhere = judgedLinks(all, { link: 'elsewhere' });
    const refused = listings({ refused: [['eu-west-1_A', '', []]] });
    assert.equal(unlistedFor(judgedLinks(all, { link: 'named' }), refused), undefined);
    assert.match(
      unlistedFor(elsewhere, refused)!,
      /eu-west-1_A .*AccessDeniedException: Not today\.$/,
    );
    // A long error names the remedy at its end. A longer one is cut off once, and says where it is.
    const sentenceOf = (Cause: string) =>
      unlistedFor(
        elsewhere,
        listings({ failure: { Error: 'E', Cause }, unlisted: ['eu-west-1_A'] }),
      );
    assert.match(sentenceOf(`${'No. '.repeat(200)}Deploy it.`)!, /Deploy it\.$/);
    const cut = sentenceOf('No. '.repeat(1000))!;
    assert.match(cut, /No\.… The log of the step ListAppClients has the whole error\.$/);
    assert.equal(sentenceOf(cut.slice(cut.indexOf('No.'))), cut);
    // A link by tags can't know whether a user pool without a list has them.
    const unknown = listings({ unlisted: ['us-east-1_Z'] });
    assert.ok(unlistedFor(judgedLinks(all, { link: 'named' }), unknown));
    assert.equal(unlistedFor(elsewhere, unknown), undefined);
  });
});
