import { CognitoIdentityClient, TagResourceCommand } from '@aws-sdk/client-cognito-identity';
import { outcome, saw } from '../outcome.ts';
import { ASSUMPTION, type Probe } from '../probe.ts';
import { described, required, update } from './pool.ts';

export const tags: Probe = {
  name: 'tags',
  does: 'Sends tags that differ from those of an identity pool, and tags it with TagResource.',
  beliefs: [
    {
      about: 'a map of tags with fewer keys',
      believed: '{"keep":"still"}',
      source: `${ASSUMPTION}: UpdateIdentityPool maps to UntagResource too, so the map is the new whole`,
    },
    {
      about: 'TagResource beside an update',
      believed: '{"keep":"still","more":"x"}',
      source:
        'https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_TagResource.html',
    },
    {
      about: 'an empty map of tags',
      believed: 'no tags',
      source: `${ASSUMPTION}: the map that is sent is the new whole`,
    },
    {
      about: 'a tag that only AWS may write',
      believed: 'InvalidParameterException',
      source: `https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html (the name is an ${ASSUMPTION})`,
    },
  ],
  async observe(world) {
    const id = await world.identityPool({ IdentityPoolTags: { team: 'contract', keep: 'yes' } });
    const pool = await required(world, id);
    const shown = async () => {
      const all = Object.entries((await described(world, id)).IdentityPoolTags ?? {}).sort();
      return all.length === 0 ? 'no tags' : JSON.stringify(Object.fromEntries(all));
    };
    const fewer = await update(world, { ...pool, IdentityPoolTags: { keep: 'still' } });
    const afterFewer = saw(await shown(), fewer);
    const { partition, region, account } = world.b;
    const ResourceArn = `arn:${partition}:cognito-identity:${region}:${account}:identitypool/${id}`;
    const tagged = await world.b
      .client(CognitoIdentityClient)
      .send(new TagResourceCommand({ ResourceArn, Tags: { more: 'x' } }));
    const afterTagged = saw(await shown(), tagged);
    const none = await update(world, { ...pool, IdentityPoolTags: {} });
    return {
      'a map of tags with fewer keys': afterFewer,
      'TagResource beside an update': afterTagged,
      'an empty map of tags': saw(await shown(), none),
      'a tag that only AWS may write': await outcome(
        update(world, { ...pool, IdentityPoolTags: { 'aws:x': 'y' } }),
      ),
    };
  },
};
