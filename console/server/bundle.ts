import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** One file of the page. */
export interface Asset {
  type: string;
  body: string;
}

const path = (name: string): string => fileURLToPath(new URL(`../page/${name}`, import.meta.url));

async function script(): Promise<Asset> {
  const { outputFiles } = await build({
    entryPoints: [path('main.tsx')],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'utf8',
    logLevel: 'silent',
  });
  return { type: 'text/javascript; charset=utf-8', body: outputFiles[0]?.text ?? '' };
}

const asIs = async (name: string, type: string): Promise<Asset> => ({
  type: `${type}; charset=utf-8`,
  body: await readFile(path(name), 'utf8'),
});

/** The files of the page by path. They are kept in memory; no other file is served. */
export async function assets(): Promise<ReadonlyMap<string, Asset>> {
  return new Map([
    ['/', await asIs('index.html', 'text/html')],
    ['/style.css', await asIs('style.css', 'text/css')],
    ['/page.js', await script()],
  ]);
}
