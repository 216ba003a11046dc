import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const IMPORTS = /(?:\bfrom\s|\bimport\s*\(?)\s*'(\.[^']+|embedded-aws[^']*)'/g;

/** What an import names: a file beside the one that imports it, or one of a package of this project. */
function fileOf(specifier: string, folder: string): string {
  if (specifier === 'embedded-aws') return 'packages/embedded-aws/index.ts';
  if (specifier.startsWith('embedded-aws/')) return `packages/${specifier}`;
  return normalize(join(folder, specifier));
}

/** Every file of code with the files that it imports, types included; all paths from the root. */
export function importsOfFiles(): Map<string, string[]> {
  const files = globSync('**/*.{ts,tsx}', {
    cwd: root,
    exclude: (name) => name === 'node_modules' || (name.startsWith('.') && name !== '.'),
  });
  return new Map(
    files.sort().map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const found = [...text.matchAll(IMPORTS)].map(([, path = '']) => path);
      return [file, found.map((path) => fileOf(path, dirname(file)))];
    }),
  );
}

/**
 * The groups of files that reach each other by their imports.
 *
 * @see https://en.wikipedia.org/wiki/Tarjan%27s_strongly_connected_components_algorithm
 */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  function visit(file: string): number {
    const own = order.size;
    let lowest = own;
    order.set(file, own);
    open.push(file);
    for (const other of imports.get(file) ?? []) {
      if (!order.has(other)) lowest = Math.min(lowest, visit(other));
      else if (open.includes(other)) lowest = Math.min(lowest, order.get(other) ?? own);
    }
    if (lowest === own) {
      const group = open.splice(open.indexOf(file)).sort();
      if (group.length > 1) circles.push(group);
    }
    return lowest;
  }

  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}
