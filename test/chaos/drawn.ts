/**
 * What a seed can draw in addition to faults, requests and operators. Each is counted when it happens, so
 * that a run shows what it has tried.
 */
export const DRAWN = {
  rolesDenied: 'role mappings refused by AccessDenied',
  rolesThrottled: 'role mappings refused by 429',
  rolesFailed: 'role mappings refused by 500',
  takingBackRefused: 'taking back refused after role mappings were',
  forgedDeletion: 'deletions forged',
  laggingListing: 'listings of app clients that lagged',
  deletedInApproval: 'app clients deleted during an approval',
  tagsOfLink: 'links whose principal tags changed',
  tagsOfUserPool: 'user pools whose tags changed',
  removal: 'entries removed that their link restores',
  war: 'entries removed again after each restore',
  braked: 'entries no longer restored',
  storm: 'storms of foreign writes',
  foreignEventLost: 'events of foreign writes lost',
  foreignEventTwice: 'events of foreign writes that came twice',
  foreignEventLate: 'events of foreign writes that came late',
  hidden: 'app clients created or deleted without an event',
} as const;

export type Drawn = keyof typeof DRAWN;

/** How often each of these happened in a seed. */
export type Counts = Partial<Record<Drawn, number>>;
