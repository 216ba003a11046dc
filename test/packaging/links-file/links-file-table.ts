/** A links.yml with one link in its lines 2 to 5. */
export const good = `links:
  mobile-apps:
    userPools: [us-east-1_EXAMPLE12]
    identityPool: ap-south-1:12345678-abcd-abcd-abcd-1234567890ab
    roleArn: arn:aws:iam::222222222222:role/poolbridge-link
`;

/** A link like that of {@link good}, with another name. */
const second = (name: string, more = ''): string =>
  good.replace('links:\n', '').replace('mobile-apps', name) + more;

/** {@link good} with more lines in its link, from line 6 on. */
const line = (text: string): string => `${good}    ${text}\n`;

const without = (key: string): string => good.replace(new RegExp(` {4}${key}.*\n`), '');

const rules =
  '{ rules: [{ claim: "custom:team", match: equals, value: a, role: "arn:aws:iam::222222222222:role/a" }] }';

const NO_NAME =
  "can't match the name of any app client: Cognito allows letters of A to Z, digits, spaces and _+=,.@- in it, 1 to 128 of them; beside these, * and ? stand for any, and a ! in front excludes";
const NO_LINK_NAME =
  "can't name a link: use 1 to 40 of a-z, 0-9 and -, and not digits alone, because such names would lose their place in the order of the file";
const NO_ROLE =
  'is not the ARN of an IAM role: it has the form arn:aws:iam::222222222222:role/NAME, with no wildcard';
const NO_USER_POOL =
  'is not the id of a user pool: it has the form REGION_ID, for example us-east-1_EXAMPLE12';
const NO_IDENTITY_POOL =
  'is not the id of an identity pool: it has the form REGION:UUID in lower case, for example ap-south-1:12345678-abcd-abcd-abcd-1234567890ab';
const ODD_NUMBER = 'write a number with decimal digits only, and text in quotes';
const INDENTATION =
  'the indentation is wrong: keys of one map and items of one list start in the same column, and a [ or { is closed before the next key';
const FUTILE =
  'links.web.roleMapping never applies: links.mobile-apps comes first, covers the same app clients and has a different one, so make both the same or put the narrower link first';
const NO_ANCHOR =
  'an alias of an anchor that is not defined before it: put it in quotes if it is text';
const SAME =
  'links.web is the same as links.mobile-apps: remove one, or correct the one that should be different';
const BLANKS =
  'which matches only names with the same blanks in the same places: remove the blanks if they are a mistake';
const LITERAL_TAGS =
  'but tags must match exactly: * and ? are not wildcards there, so write the whole tag';
const OTHER_PARTITION =
  'but the identity pool is in aws: no role leads from one partition into another';

/** The name of a case, the file's text, and the line and sentence of each problem; ~ stands for its link. */
export type Row = [what: string, text: string, problems: string[]];

/** Files that are refused. */
// biome-ignore format: a table, one row per line
export const refused: Row[] = [
  ['nothing', '', ['1: the file lacks links']],
  ['a list', '- a\n', ['1: the file must be a map, which has keys with values, but is a list']],
  ['text alone', 'links\n', ['1: the file must be a map, which has keys with values, but is "links"']],
  ['links without a value', 'links:\n', ['1: links has no value: it must be a map, which has keys with values']],
  ['links in a list', 'links:\n  - mobile-apps\n', ['1: links must be a map, which has keys with values, but is a list']],
  ['an unknown key beside links', `${good}more: 1\n`, ['6: more is not a key that Poolbridge knows; known are links']],
  ['an unknown key', line('identitypool: x'), ['6: ~.identitypool is not a key that Poolbridge knows; known are userPools, userPoolRoleArn, userPoolTags, clients, identityPool, roleArn, externalId, serverSideTokenCheck, issuer, providerQuota, onDelete, onRemoved, roleMapping, ambiguous, principalTags, approval, approvalTimeoutHours']],
  ['a key that would break the line', 'links: {}\n"a\\nb\\u202e": 1\n', ['2: a\\u{a}b\\u{202e} is not a key that Poolbridge knows; known are links']],
  ['a name with capitals', good.replace('mobile-apps', 'Mobile_Apps'), [`2: links.Mobile_Apps is "Mobile_Apps", which ${NO_LINK_NAME}`]],
  ['a name that is too long', good.replace('mobile-apps', 'a'.repeat(41)), [`2: links.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa is "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", which ${NO_LINK_NAME}`]],
  ['a name of digits alone', good.replace('mobile-apps', '2024'), [`2: links.2024 is "2024", which ${NO_LINK_NAME}`]],
  ['a name of digits with leading zeros', good.replace('mobile-apps', '007'), [`2: links.007 is "007", which ${NO_LINK_NAME}`]],
  ['a link without a value', 'links:\n  mobile-apps:\n', ['2: links.mobile-apps has no value: it must be a map, which has keys with values']],
  ['no identity pool', without('identityPool'), ['2: links.mobile-apps lacks identityPool']],
  ['no role', without('roleArn'), ['2: links.mobile-apps lacks roleArn']],
  ['no user pools', without('userPools'), ['2: links.mobile-apps names no user pools: add userPools, userPoolTags or both']],
  ['an empty list of user pools', good.replace('us-east-1_EXAMPLE12', ''), ['3: ~.userPools must have at least 1 item, but has 0']],
  ['a user pool outside a list', good.replace('[us-east-1_EXAMPLE12]', 'us-east-1_EXAMPLE12'), ['3: ~.userPools must be a list, but is "us-east-1_EXAMPLE12"']],
  ['a user pool without its Region', good.replace('us-east-1_EXAMPLE12', 'EXAMPLE12'), [`3: ~.userPools.0 is "EXAMPLE12", which ${NO_USER_POOL}`]],
  ['the ARN of a user pool', good.replace('us-east-1_EXAMPLE12', 'arn:aws:cognito-idp:us-east-1:111111111111:userpool/us-east-1_EXAMPLE12'), [`3: ~.userPools.0 is "arn:aws:cognito-idp:us-east-1:111111111111:userpool/us-east-1_EXAMPLE12", which ${NO_USER_POOL}`]],
  ['the same user pool twice', good.replace('us-east-1_EXAMPLE12', 'us-east-1_EXAMPLE12, us-east-1_EXAMPLE12'), ['3: ~.userPools has "us-east-1_EXAMPLE12" twice: remove one']],
  ['an identity pool without its Region', good.replace('ap-south-1:', ''), [`4: ~.identityPool is "12345678-abcd-abcd-abcd-1234567890ab", which ${NO_IDENTITY_POOL}`]],
  ['an identity pool that is no UUID', good.replace('12345678-abcd-abcd-abcd-1234567890ab', '1234-abcd'), [`4: ~.identityPool is "ap-south-1:1234-abcd", which ${NO_IDENTITY_POOL}`]],
  ['an identity pool in capitals', good.replace('abcd-abcd-abcd', 'ABCD-ABCD-ABCD'), [`4: ~.identityPool is "ap-south-1:12345678-ABCD-ABCD-ABCD-1234567890ab", which ${NO_IDENTITY_POOL}`]],
  ['a Region of no partition', good.replace('us-east-1_', 'mars-east-1_').replace('ap-south-1:', 'ap-south:'), ["4: ~.identityPool can't be reached: no AWS partition that Poolbridge knows has the Region ap-south: correct the id, or update Poolbridge if the partition is new", "3: ~.userPools.0 can't be reached: no AWS partition that Poolbridge knows has the Region mars-east-1: correct the id, or update Poolbridge if the partition is new"]],
  ['a role of a partition that does not exist', good.replace('arn:aws:', 'arn:aws-mars:'), ['5: ~.roleArn is in the partition aws-mars, which Poolbridge does not know: it works in aws, aws-cn, aws-eusc, aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-us-gov']],
  ['a role and a user pool of other partitions', good.replace('us-east-1_', 'cn-north-1_').replace('arn:aws:', 'arn:aws-eusc:'), [`3: ~.userPools.0 is in the partition aws-cn, ${OTHER_PARTITION}`, `5: ~.roleArn is in the partition aws-eusc, ${OTHER_PARTITION}`]],
  ['a role for user pools of another partition', line('userPoolRoleArn: arn:aws-us-gov:iam::333333333333:role/reader'), [`6: ~.userPoolRoleArn is in the partition aws-us-gov, ${OTHER_PARTITION}`]],
  ['a rule whose role is of another partition', line(`roleMapping: ${rules.replace('arn:aws:', 'arn:aws-cn:')}`), [`6: ~.roleMapping.rules.0.role is in the partition aws-cn, ${OTHER_PARTITION}`]],
  ['a role that is no ARN', good.replace('arn:aws:iam::222222222222:role/', ''), [`5: ~.roleArn is "poolbridge-link", which ${NO_ROLE}`]],
  ['a role with a wildcard', good.replace('poolbridge-link', '"*"'), [`5: ~.roleArn is "arn:aws:iam::222222222222:role/\\"*\\"", which ${NO_ROLE}`]],
  ['a user in place of a role', good.replace('role/', 'user/'), [`5: ~.roleArn is "arn:aws:iam::222222222222:user/poolbridge-link", which ${NO_ROLE}`]],
  ['a session in place of a role', good.replace('iam::222222222222:role/poolbridge-link', 'sts::222222222222:assumed-role/poolbridge-link/me'), [`5: ~.roleArn is "arn:aws:sts::222222222222:assumed-role/poolbridge-link/me", which ${NO_ROLE}`]],
  ['an account id that YAML takes for a number', line('externalId: 012345678901'), [`6: ~.externalId is 012345678901, which YAML reads as the number 12345678901: ${ODD_NUMBER}`]],
  ['an external id that is a number', line('externalId: 1234'), ['6: ~.externalId must be text, but is 1234: put it in quotes']],
  ['an external id with a blank', line('externalId: a b'), ["6: ~.externalId is \"a b\", which can't be an external id: AWS allows letters of A to Z, digits and _+=,.@:/- in it"]],
  ['an external id of one character', line('externalId: a'), ['6: ~.externalId must have at least 2 characters, but has 1']],
  ['a glob that is a regular expression', line('clients: ["^web-.*$"]'), [`6: ~.clients.0 is "^web-.*$", which ${NO_NAME}`]],
  ['a glob with alternatives', line('clients: ["{web,app}-*"]'), [`6: ~.clients.0 is "{web,app}-*", which ${NO_NAME}`]],
  ['a glob with a full-width star', line('clients: ["web-＊"]'), [`6: ~.clients.0 is "web-＊", which ${NO_NAME}`]],
  ['a glob with a set of characters', line('clients: ["[ab]"]'), [`6: ~.clients.0 is "[ab]", which ${NO_NAME}`]],
  ['empty globs', line('clients: ["", "!", "!!a"]'), [`6: ~.clients.0 is "", which ${NO_NAME}`, `6: ~.clients.1 is "!", which ${NO_NAME}`, `6: ~.clients.2 is "!!a", which ${NO_NAME}`]],
  ['a glob that is too long', line(`clients: ["${'a'.repeat(129)}"]`), [`6: ~.clients.0 is "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, which ${NO_NAME}`]],
  ['a glob that is a number', line('clients: [7]'), ['6: ~.clients.0 must be text, but is 7: put it in quotes']],
  ['no globs', line('clients: []'), ['6: ~.clients must have at least 1 item, but has 0']],
  ['globs outside a list', line('clients: web-*'), ['6: ~.clients must be a list, but is "web-*"']],
  ['clients that are excluded from nothing', line('clients: ["!a", "*"]'), ['6: ~.clients.0 is "!a", which excludes nothing, because no glob before it includes anything: globs apply in order, so begin with what the link covers, for example "*"']],
  ['clients that are all excluded again', line('clients: [web, "a-*", "!web", "!a*"]'), ['6: ~.clients covers no app client: later globs with ! exclude everything that the globs before them include, so remove either']],
  ['an exclusion without quotes', line('clients: ["*", !Amazon-*]'), ['6: ~.clients has !Amazon-*, which starts with ! and is a YAML tag: put it in quotes']],
  ['an exclusion with a blank after !', line('clients: ["*", ! web]'), ['6: ~.clients starts with a ! and a blank, which YAML reads as a tag: put both in quotes with the text']],
  ['a star without quotes', line('clients: [*]'), ['6: * is not the name of a YAML anchor or alias: put text that starts with * or & in quotes']],
  ['a glob that begins with a star without quotes', line('clients: [*-admin]'), [`6: ~.clients is *-admin, ${NO_ANCHOR}`]],
  ['a tag that is a number', line('userPoolTags: { team: 7 }'), ['6: ~.userPoolTags.team must be text, but is 7: put it in quotes']],
  ['a tag with a leading zero', line('userPoolTags: { team: 010 }'), [`6: ~.userPoolTags.team is 010, which YAML reads as the number 10: ${ODD_NUMBER}`]],
  ['a tag that is true', line('userPoolTags: { team: true }'), ['6: ~.userPoolTags.team must be text, but is true: put it in quotes']],
  ['a tag without a value', line('userPoolTags: { team: }'), ['6: ~.userPoolTags.team has no value: it must be text']],
  ['a tag that the framework would replace', line('userPoolTags: { team: "${sls:stage}" }'), ['6: ~.userPoolTags.team is "${sls:stage}", which holds ${, and osls replaces that when the service is packaged: write the whole tag']],
  ['a tag key that the framework would replace', line('userPoolTags: { "${sls:stage}": team }'), ['6: ~.userPoolTags.${sls:stage} is "${sls:stage}", which holds ${, and osls replaces that when the service is packaged: write the whole key']],
  ['no tags', line('userPoolTags: {}'), ['6: ~.userPoolTags must have at least 1 key, but has 0']],
  ['a role for user pools that go by tags', `${without('userPools')}    userPoolTags: { team: a }\n    userPoolRoleArn: arn:aws:iam::333333333333:role/reader\n`, ["6: ~.userPoolRoleArn is for userPools of another account, which userPoolTags can't select: make two links of it"]],
  ['a flag in a word of YAML 1.1', line('serverSideTokenCheck: yes'), ['6: ~.serverSideTokenCheck must be true or false, but is "yes"']],
  ['a flag in quotes', line('serverSideTokenCheck: "true"'), ['6: ~.serverSideTokenCheck must be true or false, but is "true"']],
  ['a quota with a leading zero', line('providerQuota: 010'), [`6: ~.providerQuota is 010, which YAML reads as the number 10: ${ODD_NUMBER}`]],
  ['a quota in hexadecimal digits', line('providerQuota: 0x10'), [`6: ~.providerQuota is 0x10, which YAML reads as the number 16: ${ODD_NUMBER}`]],
  ['a quota in octal digits', line('providerQuota: 0o10'), [`6: ~.providerQuota is 0o10, which YAML reads as the number 8: ${ODD_NUMBER}`]],
  ['a quota with an exponent', line('providerQuota: 1e2'), [`6: ~.providerQuota is 1e2, which YAML reads as the number 100: ${ODD_NUMBER}`]],
  ['a quota with a fraction', line('providerQuota: 50.0'), [`6: ~.providerQuota is 50.0, which YAML reads as the number 50: ${ODD_NUMBER}`]],
  ['a quota without an end', line('providerQuota: .inf'), [`6: ~.providerQuota is .inf, which YAML reads as the number Infinity: ${ODD_NUMBER}`]],
  ['a quota in quotes', line('providerQuota: "50"'), ['6: ~.providerQuota must be a whole number, but is "50"']],
  ['a quota of none', line('providerQuota: 0'), ['6: ~.providerQuota must be 1 or more, but is 0']],
  ['a quota beyond what AWS allows', line('providerQuota: 1001'), ['6: ~.providerQuota must be 1000 or less, but is 1001']],
  ['a word that onDelete does not know', line('onDelete: remove'), ['6: ~.onDelete must be unlink or keep, but is "remove"']],
  ['a word that onRemoved does not know', line('onRemoved: heal'), ['6: ~.onRemoved must be tell or restore, but is "heal"']],
  ['a word that issuer does not know', line('issuer: new'), ['6: ~.issuer must be original, updated or both, but is "new"']],
  ['an approval that is neither, for longer than a week', line('approval: maybe\n    approvalTimeoutHours: 169'), ['6: ~.approval must be required, but is "maybe"', '7: ~.approvalTimeoutHours must be 168 or less, but is 169']],
  ['a time to wait for an approval that is not asked for', line('approvalTimeoutHours: 2'), ['6: ~.approvalTimeoutHours has no effect without approval: add that, or remove it']],
  ['a role mapping that is none', line('roleMapping: tokens'), ['6: ~.roleMapping must be default or token, but is "tokens"']],
  ['a rule without its role and with a match that AWS does not have', line('roleMapping: { rules: [{ claim: c, match: like, value: v }] }'), ['6: ~.roleMapping.rules.0 lacks role', '6: ~.roleMapping.rules.0.match must be equals, contains, startsWith or notEqual, but is "like"']],
  ['a rule with a blank in its claim', line(`roleMapping: ${rules.replace('custom:team', 'a b')}`), ["6: ~.roleMapping.rules.0.claim is \"a b\", which can't be the name of a claim: AWS allows no blanks in it"]],
  ['a rule with a role of another account', line(`roleMapping: ${rules.replace('222222222222', '444444444444')}`), ["6: ~.roleMapping names the role arn:aws:iam::444444444444:role/a, which is not in the identity pool's account 222222222222"]],
  ['more rules than AWS allows', line(`roleMapping:\n      rules:\n${'        - { claim: c, match: equals, value: v, role: "arn:aws:iam::222222222222:role/r" }\n'.repeat(26)}`), ['7: ~.roleMapping.rules must have at most 25 items, but has 26']],
  ['ambiguous without a role mapping', line('ambiguous: deny'), ['6: ~.ambiguous has no effect without roleMapping: add that, or remove it']],
  ['ambiguous beside the default role', line('roleMapping: default\n    ambiguous: deny'), ['7: ~.ambiguous is "deny", which has no effect beside roleMapping: default: remove one of the two']],
  ['no principal tags', line('principalTags: {}'), ['6: ~.principalTags must have at least 1 key, but has 0']],
  ['a principal tag that AWS reserves', line('principalTags: { "aws:team": "custom:team", AWS:x: sub }'), ["6: ~.principalTags.aws:team is \"aws:team\", which can't be the key of a session tag: AWS reserves keys that begin with aws: for itself", "6: ~.principalTags.AWS:x is \"AWS:x\", which can't be the key of a session tag: AWS reserves keys that begin with aws: for itself"]],
  ['a principal tag that is a number', line('principalTags: { team: 7 }'), ['6: ~.principalTags.team must be text, but is 7: put it in quotes']],
  ['links that disagree about one identity pool', good + second('web').replace('role/poolbridge-link', 'role/other'), ['9: links.web.roleArn must be the same as in links.mobile-apps: both lead to one identity pool']],
  ['links that disagree about the account of a user pool', good + second('web', '    userPoolRoleArn: arn:aws:iam::333333333333:role/reader\n'), ['10: links.web.userPoolRoleArn must be the same as in links.mobile-apps: both name us-east-1_EXAMPLE12']],
  ['links that disagree about the principal tags', line('principalTags: { team: sub }') + second('web', '    principalTags: default\n'), ['11: links.web.principalTags must be the same as in links.mobile-apps: both name us-east-1_EXAMPLE12, and an identity pool has one map for all clients of a user pool']],
  ['links that disagree about the issuer', line('issuer: both') + second('web', '    issuer: original\n'), ['11: links.web.issuer must be the same as in links.mobile-apps: both name us-east-1_EXAMPLE12, and they lead to one identity pool']],
  ['links with two role mappings for the same clients', line('roleMapping: token') + second('web', `    roleMapping: ${rules}\n`), [`11: ${FUTILE}`]],
  ['a role mapping after one that covers more clients', line('roleMapping: token\n    clients: ["web-*"]') + second('web', '    clients: [web-a, "web-b?"]\n    roleMapping: default\n'), [`13: ${FUTILE}`]],
  ['role mappings that differ by ambiguous alone', line('roleMapping: token') + second('web', '    roleMapping: token\n    ambiguous: authenticated\n'), [`11: ${FUTILE}`]],
  ['the same name twice', good + second('mobile-apps'), ['6: mobile-apps is already a key of the same map: remove or rename one of the two']],
  ['the same key twice', line('roleArn: arn:aws:iam::222222222222:role/other'), ['6: roleArn is already a key of the same map: remove or rename one of the two']],
  ['a reference of CloudFormation', good.replace(/ap-south-1:.*/, '!Ref IdentityPool'), ['4: ~.identityPool has !Ref, a function of CloudFormation, which links.yml does not evaluate: write the value itself']],
  ['a function of CloudFormation with a map', good.replace('[us', '!GetAtt [us'), ['3: ~.userPools has !GetAtt, a function of CloudFormation, which links.yml does not evaluate: write the value itself']],
  ['a tag of its own', good.replace('ap-south-1:', '!mine ap-south-1:'), ['4: ~.identityPool has !mine, which starts with ! and is a YAML tag: put it in quotes']],
  ['a type that YAML 1.1 has', good.replace('[us-east-1_EXAMPLE12]', '!!set { us-east-1_EXAMPLE12 }'), ['3: ~.userPools has !!set, a YAML type that links.yml does not use: write the value without it']],
  ['a type by its address', good.replace('ap-south-1:', '!<tag:example.com,2026:x> ap-south-1:'), ['4: ~.identityPool has !<tag:example.com,2026:x>, a YAML type that links.yml does not use: write the value without it']],
  ['two documents', `${good}---\n${good}`, ['6: a second YAML document starts here, but links.yml must be one document: remove the line with --- or ...']],
  ['an end of the document before the end', `${good}...\n${good}`, ['7: a second YAML document starts here, but links.yml must be one document: remove the line with --- or ...']],
  ['a directive that YAML does not know', `%LINKS 1\n---\n${good}`, ['1: a line that starts with % is a YAML directive, which links.yml does not use: remove it']],
  ['a colon without a blank, before another key', good.replace('identityPool: ', 'identityPool:'), ['4: identityPool:ap-south-1:12345678-abcd-abcd-abcd-1234567890ab needs a blank after the colon: write identityPool: ap-south-1:12345678-abcd-abcd-abcd-1234567890ab']],
  ['a colon without a blank, in the last key', good.replace('roleArn: ', 'roleArn:'), ['5: roleArn:arn:aws:iam::222222222222:role/poolbridge-link needs a blank after the colon: write roleArn: arn:aws:iam::222222222222:role/poolbridge-link']],
  ['a blank after a colon that is none', good.replace('identityPool: ', 'identityPool:\u00a0'), ['4: identityPool:\\u{a0}ap-south-1:12345678-abcd-abcd-abcd-1234567890ab has no value: write each key on its own line, with a colon, a blank and its value']],
  ['a link that has a colon without a blank alone', 'links:\n  mobile-apps:\n    userPools:[us-east-1_EXAMPLE12]\n', ['2: links.mobile-apps must be a map, which has keys with values, but is "userPools:[us-east-1_EXAMPLE12]"']],
  ['a key without a colon', good.replace('identityPool: ', 'identityPool '), ['4: identityPool ap-south-1:12345678-abcd-abcd-abcd-1234567890ab has no value: write each key on its own line, with a colon, a blank and its value']],
  ['two colons in a value', good.replace('ap-south-1:', 'ap-south-1: '), ['4: a value can not be followed by another key: put a value that contains ": " in quotes, and start a map on the next line']],
  ['a tab in the indentation', good.replace('    identityPool', '\tidentityPool'), ['4: the indentation has a tab, which YAML does not allow: indent with spaces']],
  ['a key in a column of its own', good.replace('    identityPool', '   identityPool'), [`4: ${INDENTATION}`]],
  ['an item of a list in a column of its own', good.replace('[us-east-1_EXAMPLE12]', '\n      - us-east-1_EXAMPLE12\n       - us-east-1_EXAMPLE34'), ['4: ~.userPools is "us-east-1_EXAMPLE12 - us-east-1_EXAMPLE34", which is spread over several lines: put it on one line, or correct the indentation']],
  ['an item of a list beside its key', good.replace('[us-east-1_EXAMPLE12]', '- us-east-1_EXAMPLE12'), ['3: - is not allowed here: check brackets, quotes and indentation']],
  ['two commas in a list', line('clients: [a,,b]'), ['6: , is not allowed here: check brackets, quotes and indentation']],
  ['a bracket without its end', good.replace('12]', '12'), [`4: ${INDENTATION}`]],
  ['an end without its bracket', good.replace('[us', 'us'), ['3: ~.userPools must be a list, but is "us-east-1_EXAMPLE12]"']],
  ['a quote without its end', good.replace('ap-south-1:', '"ap-south-1:'), ['4: the quote that starts here has no end: close it on the same line']],
  ['a backslash in double quotes', line('clients: ["web\\d"]'), ['6: \\d is not an escape in double quotes: use single quotes, or double the backslash']],
  ['a value that begins with @', line('externalId: @pair'), ['6: @pair starts with a character that YAML reserves: put it in quotes']],
  ['a value that begins with `', line('externalId: `pair`'), ['6: `pair` starts with a character that YAML reserves: put it in quotes']],
  ['a key in brackets', 'links:\n  ? [a]\n  : b\n', ['2: a key must be plain text: write it without brackets or an alias']],
  ['a key that is too long for YAML', `${'a'.repeat(1100)}: 1\n`, ['1: a key is longer than 1,024 characters: shorten it']],
  ['a comment without a blank', line('externalId: "pair"#comment'), ['6: a character is missing here: check brackets, commas, blanks and the colon after each key']],
  ['text over several lines', good.replace('poolbridge-link', 'poolbridge-link\n      and-more'), ['5: ~.roleArn is "arn:aws:iam::222222222222:role/poolbridge-link and-more", which is spread over several lines: put it on one line, or correct the indentation']],
  ['an alias of nothing', line('clients: *nope'), [`6: ~.clients is *nope, ${NO_ANCHOR}`]],
  ['links that are an alias of nothing', 'links: *a\n', [`1: links is *a, ${NO_ANCHOR}`]],
  ['an alias with an anchor', line('clients: &a *b'), ['6: an alias (*) has an anchor or a tag: remove one of the two']],
  ['two anchors', line('clients: &a &b [web]'), ['6: a value has two anchors (&): remove one']],
  ['a merge of nothing', line('<<: *nope'), [`6: ~.<< is *nope, ${NO_ANCHOR}`]],
  ['a merge of what is no map', line('<<: 3'), ['6: << must merge a map, through an alias such as *name']],
  ['a merge of a list of text', `x: &x [a]\n${line('<<: *x')}`, ['7: << must merge a map, through an alias such as *name']],
  ['an alias of what holds it', line('clients: &a [*a]'), ['6: *a is an alias of a value that contains it: write the value out']],
  ['aliases that multiply themselves', `a: &a [x, x]\nb: &b [${'*a, '.repeat(200)}]\nc: &c [${'*b, '.repeat(200)}]\nlinks: *c\n`, ['2: *a expands to too much: use fewer aliases of aliases']],
  ['brackets deeper than any stack', `links: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, ['1: brackets or indentation are nested too deeply: a link needs five levels']],
  ['several mistakes', good.replace('EXAMPLE12', '').replace('222222222222', '2'), [`3: ~.userPools.0 is "us-east-1_", which ${NO_USER_POOL}`, `5: ~.roleArn is "arn:aws:iam::2:role/poolbridge-link", which ${NO_ROLE}`]],
];

/** Files that are accepted with a warning. */
// biome-ignore format: a table, one row per line
export const warned: Row[] = [
  ['Regions that AWS did not have', good.replace('us-east-1_', 'us-east-11_').replace('ap-south-1:', 'ap-mars-1:'), ['4: ~.identityPool is in ap-mars-1, which was not an AWS Region when this version was made: correct the id, unless the Region is newer', '3: ~.userPools.0 is in us-east-11, which was not an AWS Region when this version was made: correct the id, unless the Region is newer']],
  ['blanks at the ends of globs', line('clients: [" web-*", "!web-a ", "a\\tb", "a b"]'), [`6: ~.clients.0 is " web-*", ${BLANKS}`, `6: ~.clients.1 is "!web-a ", ${BLANKS}`, `6: ~.clients.2 is "a\\tb", ${BLANKS}`]],
  ['a blank in a glob that looks like another', line('clients: ["web\u00a0app"]'), [`6: ~.clients.0 is "web\\u{a0}app", ${BLANKS}`]],
  ['wildcards in tags', line('userPoolTags: { team: "mob*", "t?": a }'), [`6: ~.userPoolTags.team is "mob*", ${LITERAL_TAGS}`, `6: ~.userPoolTags.t? is "a", ${LITERAL_TAGS}`]],
  ['one role for the user pools and the identity pool', line('userPoolRoleArn: arn:aws:iam::222222222222:role/poolbridge-link'), ['6: ~.userPoolRoleArn is the same role as roleArn: resources/user-pool-account.yml creates a separate role that reads the user pools, and the role of resources/account-b.yml may not read them']],
  ['two links that are the same', good + second('web'), [`6: ${SAME}`]],
  ['two links that are the same but for their order', line('userPoolTags: { a: b, c: d }\n    onDelete: unlink') + second('web', '    onDelete: unlink\n    clients: ["*"]\n    userPoolTags: { c: d, a: b }\n'), [`8: ${SAME}`]],
  ['role mappings of links that cross', line('roleMapping: token\n    clients: ["web-*"]') + second('web', '    clients: ["*-admin"]\n    roleMapping: default\n'), ['13: links.web.roleMapping differs from that of links.mobile-apps, and both links can cover the same app client: the first in the file applies, so make both the same or put the exception in its own link before them']],
  ['an entry to restore, though its changes need approval', line('onRemoved: restore\n    approval: required'), ['6: ~.onRemoved never applies: links.mobile-apps requires approval for the same app clients, and reconcile leaves such changes to a person, so remove one of the two']],
  ['an entry to restore, though another link only tells', line('onRemoved: restore\n    clients: ["web-*"]') + second('web', ''), ['6: ~.onRemoved never applies: links.web covers the same app clients without it, and an entry is restored only if all its links say so']],
];

/** Files that are accepted without a warning, though they are similar to refused ones. */
export const unremarkable: [what: string, text: string][] = [
  [
    'a role mapping that is an exception before the rule',
    line('roleMapping: token\n    clients: [web-admin]') +
      second('web', '    roleMapping: default\n'),
  ],
  [
    'role mappings of clients that exclusion keeps apart',
    line('roleMapping: token\n    clients: ["*", "!web-*"]') +
      second('web', '    clients: ["web-*"]\n    roleMapping: default\n'),
  ],
  [
    'different role mappings in different identity pools',
    line('roleMapping: token') +
      second('web', '    roleMapping: default\n').replace('1234567890ab', '1234567890ac'),
  ],
  [
    'different role mappings of different user pools',
    line('roleMapping: token') +
      second('web', '    roleMapping: default\n').replace('EXAMPLE12', 'EXAMPLE34'),
  ],
  [
    'an entry to restore, beside a narrower link that only tells',
    line('onRemoved: restore') + second('web', '    clients: ["web-*"]\n    onRemoved: tell\n'),
  ],
  ['the types of YAML', line('providerQuota: !!int 50\n    externalId: !!str pairing')],
  ['tag keys that look like numbers', line('userPoolTags: { 7: a, 010: b, true: c, aws:x: d }')],
  ['a name that begins with digits', good.replace('mobile-apps', '2024-apps')],
  ['blanks within globs', line('clients: ["my web app *"]')],
  ['text in a block', line('externalId: >-\n      pairing')],
  ['the version of YAML', `%YAML 1.2\n---\n${good}`],
];
