import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** Text of each file by its path from the root of the repository, with '/' between the parts. */
export type SourceTree = ReadonlyMap<string, string>;

/** Files with this ending below these folders. */
export function readSourceTree(root: string, folders: readonly string[], ending: '.ts' | '.js'): SourceTree {
  const tree = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(ending)) continue;
      const file = join(entry.parentPath, entry.name);
      tree.set(relative(root, file).split(sep).join('/'), readFileSync(file, 'utf8'));
    }
  }
  return tree;
}

/**
 * The files of the tree that a file names: by import and export, types included, by `import()`, or as the URL of a worker.
 * All of these are a relative path in quotes that ends in ".ts" and leads to a file; nothing else is.
 */
export function importsOf(file: string, tree: SourceTree): string[] {
  const found = new Set<string>();
  for (const [, path] of (tree.get(file) ?? '').matchAll(/['"`](\.{1,2}\/[^'"`\s]+\.ts)['"`]/g)) {
    const target = posix.join(posix.dirname(file), path);
    if (tree.has(target)) found.add(target);
  }
  return [...found];
}

export function isTest(file: string): boolean {
  return file.endsWith('.test.ts');
}

/** What tests share stands in a folder of this name, and is not published. */
export function isTestSupport(file: string): boolean {
  return file.includes('/testing/');
}
