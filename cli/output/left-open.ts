import type { AuditRecord } from '../../core/audit/audit.ts';
import { providerLabel } from '../../core/user-pool.ts';

type Open = Pick<AuditRecord, 'uncovered' | 'linkedSince'>;

/** What a result leaves to a person, in sentences. */
export const openSentences = ({ uncovered = [], linkedSince = [] }: Open): string[] => [
  ...uncovered.map(
    (name) =>
      `no link asks for entries of ${providerLabel(name)}, so they are uncovered. To keep them, set issuer: both in links.yml and deploy. If not, unlink the app client and link it again.`,
  ),
  ...(linkedSince.length === 0
    ? []
    : [
        `linked since the approval was asked for, so not unlinked: ${linkedSince.join(', ')}. To unlink them, ask again.`,
      ]),
];

/** The same below the lines of the result. */
export const openLines = (result: Open): string[] =>
  openSentences(result).map((sentence) => `  ${sentence}`);
