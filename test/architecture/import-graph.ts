import { importsOf, isTest, isTestSupport, type SourceTree } from './source-tree.ts';

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
 * Files in src/ that nothing leads to from the entry points. Tests lead nowhere: code that only its own test runs is dead,
 * except for what tests share. `entryPoints` gives the reason for each file that is loaded otherwise.
 */
export function deadFileProblems(tree: SourceTree, entryPoints: Readonly<Record<string, string>>): string[] {
  const problems = Object.keys(entryPoints)
    .filter((entry) => !tree.has(entry))
    .map((entry) => `${entry} is listed as an entry point and does not exist`);
  const live = reachedFrom(Object.keys(entryPoints), tree);
  const tested = reachedFrom([...tree.keys()].filter(isTest), tree);
  for (const file of tree.keys()) {
    if (!file.startsWith('src/') || isTest(file)) continue;
    if (isTestSupport(file)) {
      if (live.has(file)) problems.push(`${file} is for tests, and src/main.ts leads to it`);
      else if (!tested.has(file)) problems.push(`${file} is dead: no test imports it`);
    } else if (!live.has(file)) {
      problems.push(
        `${file} is dead: src/main.ts does not lead to it. What only tests use stands in a folder testing/`,
      );
    }
  }
  return problems;
}

function reachedFrom(entries: readonly string[], tree: SourceTree): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const target of importsOf(file, tree)) visit(target);
  };
  for (const entry of entries) visit(entry);
  return reached;
}
