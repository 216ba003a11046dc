import { readFileSync, writeFileSync } from 'node:fs';
import { assembleAws } from './index.ts';
import { type Bucket, requestRates } from './kernel/request-rates.ts';
import { services } from './services.ts';

/** The URL of the README. */
export const README = new URL('README.md', import.meta.url);

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function operationRows(differences: ReadonlyMap<string, string>): string[] {
  return [...assembleAws().services]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, { operations }]) => {
      const names = Object.keys(operations).sort().join(', ') || 'none';
      return row([`\`${service}\``, names, differences.get(service) ?? '']);
    });
}

const shown = ({ size, perSecond }: Bucket): string => `${size}, ${perSecond}/s`;

/** The Regions with buckets of their own, grouped by bucket. */
function shownRegions(regions: Readonly<Record<string, Bucket>>): string {
  const groups = new Map<string, string[]>();
  for (const [region, bucket] of Object.entries(regions)) {
    groups.set(shown(bucket), [...(groups.get(shown(bucket)) ?? []), region]);
  }
  return [...groups].map(([bucket, names]) => `${names.join(', ')}: ${bucket}`).join('; ');
}

function rateRows(): string[] {
  return requestRates(services).map(({ service, name, bucket, perResource, ...rate }) => {
    const { operations = [name], regions = {} } = rate;
    const each = perResource
      ? `; ${shown(perResource.bucket)} for each ${perResource.kind} and operation`
      : '';
    return row([
      `\`${service}:${name}\``,
      operations === 'others' ? 'all others' : operations.join(', '),
      shown(bucket) + each,
      shownRegions(regions),
    ]);
  });
}

/** Replaces the rows of the table that has the given heading. */
function withRows(text: string, heading: string, rows: readonly string[]): string {
  const lines = text.split('\n');
  const first = lines.indexOf(heading) + 2;
  if (first === 1) throw new Error(`README.md has no table with the heading “${heading}”.`);
  const length = lines.slice(first).findIndex((line) => !line.startsWith('|'));
  lines.splice(first, length, ...rows);
  return lines.join('\n');
}

const OPERATIONS = '| Service | Operations | Where it differs from AWS |';
const RATES = '| Rate | Operations | Bucket size, added a second | In other Regions |';

/**
 * README.md with the operations and rates of the services. The column about differences from AWS is written by
 * hand and is kept.
 */
export function readmeOf(text: string): string {
  const written = [...text.matchAll(/^\| `([\w-]+)` \| [^|]* \| ([^|]*) \|$/gm)];
  const differences = new Map(written.map(([, service = '', words = '']) => [service, words]));
  return withRows(withRows(text, OPERATIONS, operationRows(differences)), RATES, rateRows());
}

if (import.meta.main) writeFileSync(README, readmeOf(readFileSync(README, 'utf8')));
