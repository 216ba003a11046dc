/**
 * Groups items by a key, in the order in which the keys first appear. Map.groupBy needs Node 21, and the
 * functions also run on Node 20: some implementations of AWS run them on the Node that is installed.
 */
export function grouped<K, T>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
