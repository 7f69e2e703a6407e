import { importsOf, isTest, type SourceTree } from './source-tree.ts';

/**
 * From the bottom up, as in ARCHITECTURE.md, which groups some rows. A part imports parts of lower rows only, never one of
 * its own row. A part is a folder below src/ or a file in it; `config` is both `config.ts` and `config/`.
 */
export const layers: readonly (readonly string[])[] = [
  // The client knows nothing of the server, so that it can be used without it.
  ['std', 'errors', 'sdk'],
  ['message'],
  ['mqtt/codec', 'mqtt/topics'],
  ['storage'],
  ['access', 'queues', 'devices'],
  ['broker', 'pipeline'],
  ['net', 'http'],
  ['config'],
  ['platform', 'worker'],
  ['cli'],
  ['main'],
];

const rowOf = new Map(layers.flatMap((parts, row) => parts.map((part) => [part, row] as const)));

export function layerProblems(tree: SourceTree): string[] {
  const problems: string[] = [];
  for (const file of tree.keys()) {
    if (!file.startsWith('src/')) continue;
    const part = partOf(file);
    const row = rowOf.get(part);
    if (row === undefined) {
      problems.push(`${file}: "${part}" has no layer; add it to ARCHITECTURE.md and test/architecture/layers.ts`);
      continue;
    }
    for (const target of importsOf(file, tree)) problems.push(...importProblem(file, part, row, target));
  }
  return problems;
}

function importProblem(file: string, part: string, row: number, target: string): string[] {
  if (!target.startsWith('src/')) return [`${file} imports ${target}: src/ imports nothing outside of it`];
  // A test may name the program to start it.
  if (isTest(file) && target === 'src/main.ts') return [];
  const targetPart = partOf(target);
  const targetRow = rowOf.get(targetPart);
  if (targetPart === part || targetRow === undefined || targetRow < row) return [];
  return [`${file} imports ${target}: ${part} may import lower layers only, and ${targetPart} is not below it`];
}

function partOf(file: string): string {
  const [, first, second] = file.split('/');
  return first === 'mqtt' ? `mqtt/${second}` : first.replace(/\.ts$/, '').replace(/\.test$/, '');
}
