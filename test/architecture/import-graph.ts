import { importsOf, isTest, type SourceTree } from './source-tree.ts';

/** Each cycle once, as the files on it in import order. */
export function cycleProblems(tree: SourceTree): string[] {
  const problems: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) problems.push(`Import cycle: ${[...path.slice(start), file].join(' → ')}`);
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const target of importsOf(file, tree)) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of tree.keys()) visit(file);
  return problems;
}

/**
 * Files in src/ that nothing leads to from the entry points. Tests lead nowhere: code that only its own test runs is dead.
 * `entryPoints` gives the reason for each file that is loaded otherwise; a row that is not needed is a problem too.
 */
export function deadFileProblems(tree: SourceTree, entryPoints: Readonly<Record<string, string>>): string[] {
  const live = new Set<string>();
  const visit = (file: string): void => {
    if (live.has(file)) return;
    live.add(file);
    for (const target of importsOf(file, tree)) visit(target);
  };
  const problems = Object.keys(entryPoints)
    .filter((entry) => !tree.has(entry))
    .map((entry) => `${entry} is listed as an entry point and does not exist`);
  for (const entry of Object.keys(entryPoints)) visit(entry);
  for (const file of tree.keys()) {
    if (!file.startsWith('src/') || isTest(file) || live.has(file)) continue;
    problems.push(`${file} is dead: nothing that src/main.ts leads to imports it`);
  }
  return problems;
}
