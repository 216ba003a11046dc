// `npm test -- test/cli/pictures.ts` draws what a first user sees, at 80 columns, as docs/pictures/first-use.svg.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pools, startWorld } from '../world.ts';
import { poolbridge } from './command.ts';

const COLUMNS = 80;
const LINE_PX = 18;
// Of a monospace font of 14 pixels.
const COLUMN_PX = 8.43;
const MARGIN_PX = 16;
const USER_POOL = 'us-east-1_Healed001';

const ESC = String.fromCharCode(27);
const STYLES = new RegExp(`${ESC}\\[(\\d{1,2})m`);

const classes: Record<string, string> = {
  '1': 'bold',
  '2': 'dim',
  '31': 'red',
  '32': 'green',
  '33': 'yellow',
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A line with its colours, as spans. Codes that end a style begin none. */
function spans(line: string): string {
  let style = '';
  return line
    .split(STYLES)
    .map((part, i) => {
      if (i % 2 === 0)
        return style === '' ? escaped(part) : `<tspan class="${style}">${escaped(part)}</tspan>`;
      style = classes[part] ?? '';
      return '';
    })
    .join('');
}

/** Lines as a terminal wraps them; a wrapped line has no colours. */
const wrapped = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const plain = line.replaceAll(new RegExp(STYLES, 'g'), '');
    if (plain.length <= COLUMNS) return [line];
    return plain.match(new RegExp(`.{1,${COLUMNS}}`, 'gu')) ?? [];
  });

function svgOf(lines: string[]): string {
  const width = Math.ceil(COLUMNS * COLUMN_PX) + 2 * MARGIN_PX;
  const height = lines.length * LINE_PX + 2 * MARGIN_PX;
  const texts = lines.map(
    (line, i) =>
      `<text x="${MARGIN_PX}" y="${MARGIN_PX + (i + 1) * LINE_PX - 4}" xml:space="preserve">${spans(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The first use of poolbridge in a terminal">
<style>text { font: 14px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6e6e6; }
.bold { font-weight: 700; } .dim { fill: #9aa0a6; } .red { fill: #ff9492; } .green { fill: #7ee787; } .yellow { fill: #f2cc60; }</style>
<rect width="100%" height="100%" rx="8" fill="#16181c"/>
${texts.join('\n')}
</svg>
`;
}

const folder = mkdtempSync(join(tmpdir(), 'poolbridge-picture-'));
const world = await startWorld({ trail: true });
await world.createUserPool(USER_POOL);
await world.createIdentityPool(pools.healed);
const file = join(folder, 'links.yml');
const colours = { NO_COLOR: undefined, FORCE_COLOR: '1' };

const lines: string[] = [];
for (const args of [
  [
    'init',
    '--user-pool',
    USER_POOL,
    '--identity-pool',
    pools.healed,
    '--account-b',
    '222222222222',
    // As links.yml of the tests has it, which is the one that is deployed.
    '--link',
    'healed',
  ],
  ['trial', '--user-pool', USER_POOL, '--client-name', 'app-trial'],
  ['history', '--limit', '2'],
]) {
  const where = args[0] === 'init' ? ['--file', file] : [];
  const { code, out, err } = await poolbridge(
    world,
    [...args, ...where],
    undefined,
    colours,
    false,
    undefined,
    COLUMNS,
  );
  if (code !== 0) throw new Error(err);
  // The file of a first user is links.yml itself, and needs no parameter.
  const shown = `${err}${out}`
    .replaceAll(file, 'links.yml')
    .replace(' --param="links=links.yml"', '');
  lines.push(...wrapped(`$ npx poolbridge ${args.join(' ')}`), ...wrapped(shown));
}
rmSync(folder, { recursive: true });
await world.close();
writeFileSync(new URL('../../docs/pictures/first-use.svg', import.meta.url), svgOf(lines));
