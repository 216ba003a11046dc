import type { AuditRecord } from '../../core/audit/audit.ts';
import { WOULD_FAIL } from './remedies.ts';

/** The outcome of an identity pool as a few words; for a dry run of what would fail, with what error. */
export const outcomeText = ({
  outcome,
  wouldFail,
}: Pick<AuditRecord, 'outcome' | 'wouldFail'>): string =>
  wouldFail ? `${WOULD_FAIL}${wouldFail.error}` : outcome;
