import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { globsInclude } from '../../core/links/glob.ts';
import { clientNameFor, neededBy } from '../../demo/needed.ts';
import { parseLinks } from '../../packaging/links-file/links-file.ts';

const linksOf = (text: string) => parseLinks(text, 'links.yml').links;
const POOL = 'ap-south-1:00000000-0000-0000-0000-000000000001';
const ROLE = 'arn:aws:iam::222222222222:role/linker';

describe('what a links.yml needs on the embedded AWS', () => {
  test('is one user pool, identity pool and role for all links that share it', () => {
    const needed = neededBy(
      linksOf(`links:
  a: { userPools: [eu-west-1_A], clients: [a], identityPool: "${POOL}", roleArn: "${ROLE}" }
  b: { userPools: [eu-west-1_A], clients: [b], identityPool: "${POOL}", roleArn: "${ROLE}" }
`),
    );
    const { home, userPools, identityPools, linkRoles, readRoles, forwarders } = needed;
    assert.equal(home.region, 'eu-west-1', 'the Region of the user pools');
    assert.deepEqual(
      userPools.map(({ id }) => id),
      ['eu-west-1_A'],
    );
    assert.deepEqual(
      identityPools.map(({ id, account }) => [id, account]),
      [[POOL, '222222222222']],
    );
    assert.equal(linkRoles.length, 1);
    assert.deepEqual([readRoles, forwarders], [[], []]);
  });

  test('includes a forwarder where user pools are in another Region or account', () => {
    const { forwarders, readRoles } = neededBy(
      linksOf(`links:
  a: { userPools: [eu-west-1_A, eu-west-2_B], identityPool: "${POOL}", roleArn: "${ROLE}" }
  c:
    userPools: [eu-west-1_C]
    userPoolRoleArn: arn:aws:iam::444444444444:role/reader
    identityPool: ${POOL}
    roleArn: ${ROLE}
`),
    );
    assert.deepEqual(forwarders, [
      { account: '111111111111', region: 'eu-west-2' },
      { account: '444444444444', region: 'eu-west-1' },
    ]);
    assert.deepEqual(
      readRoles.map(({ parameters }) => [parameters['RoleName'], parameters['UserPoolIds']]),
      [['reader', 'eu-west-1_C']],
    );
  });

  test('includes every role that a role mapping sends, and principal tags where links set them', () => {
    const { linkRoles } = neededBy(
      linksOf(`links:
  a:
    userPools: [eu-west-1_A]
    identityPool: ${POOL}
    roleArn: ${ROLE}
    principalTags: default
    roleMapping:
      rules:
        - { claim: team, match: equals, value: x, role: "arn:aws:iam::222222222222:role/team-x" }
`),
    );
    const [{ parameters } = { parameters: {} as Record<string, string> }] = linkRoles;
    assert.equal(parameters['PrincipalTags'], 'true');
    assert.equal(
      parameters['RoleMappingRoleArns'],
      'arn:aws:iam::222222222222:role/customer-1,arn:aws:iam::222222222222:role/team-x',
    );
  });
});

test('the app client that tries a link has a name that the link includes, if it has any', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'p', '*', '?', '-', '!'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(glob, { minLength: 1, maxLength: 4 }), (clients) => {
      const name = clientNameFor({ clients });
      assert.ok(name === undefined || globsInclude(clients, name));
    }),
  );
  assert.equal(clientNameFor({ clients: ['ios-*', '!ios-app'] }), 'ios-trial');
  assert.equal(clientNameFor({ clients: ['*', '!*'] }), undefined);
});
