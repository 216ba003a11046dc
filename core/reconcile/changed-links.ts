import { type Links, linksTo } from '../links/links.ts';
import { sha256 } from '../sha256.ts';

/** The digest of the links that lead to an identity pool. Any change of any of them changes it. */
export const linksDigest = (links: Links, identityPoolId: string): string =>
  sha256(JSON.stringify(linksTo(links, identityPoolId)));

/**
 * The links that lead to the identity pools whose links have changed.
 *
 * @param judged the digests of the links that identity pools were last reconciled with, by identity pool. An identity
 * pool without one counts as changed.
 */
export function changedLinks(links: Links, judged: ReadonlyMap<string, string>): Links {
  const all = new Set(Object.values(links).map(({ identityPool }) => identityPool));
  const changed = new Set([...all].filter((id) => judged.get(id) !== linksDigest(links, id)));
  return Object.fromEntries(
    Object.entries(links).filter(([, { identityPool }]) => changed.has(identityPool)),
  );
}
