import { isTest, isTestSupport, type SourceTree } from './source-tree.ts';

const linesMax = 400;

const vagueNames = ['utils', 'util', 'common', 'helpers', 'helper', 'types', 'models', 'classes', 'misc'];

interface TextRule {
  /** What a reader is told, behind the place. */
  readonly problem: string;
  readonly pattern: RegExp;
  readonly appliesTo: (file: string) => boolean;
}

const everywhere = () => true;
/** Tests hold code that is hostile on purpose, in strings. */
const outsideTests = (file: string) => !file.startsWith('test/') && !isTest(file);
const inTests = (file: string) => file.startsWith('test/') || isTest(file) || isTestSupport(file);
/** Where seeds are made, and named when a run fails. */
const seedFolder = 'src/std/testing/';
const inSources = (file: string) => file.startsWith('src/') && !isTest(file) && !isTestSupport(file);

// Written with a class of one letter where a pattern would find itself in this file.
const textRules: readonly TextRule[] = [
  { problem: 'exports are named, never default', pattern: /^export\s+default\b/m, appliesTo: everywhere },
  { problem: 'a test is skipped or singled out', pattern: /\.(?:skip|only|todo)\(/, appliesTo: isTest },
  { problem: 'a test is skipped or singled out', pattern: /[{,]\s*(?:skip|only|todo):/, appliesTo: isTest },
  {
    problem: 'what is left to do is an issue, not a comment',
    pattern: /\bTO[D]O\b|\bFIX[M]E\b/,
    appliesTo: everywhere,
  },
  {
    problem: 'an empty catch swallows the error',
    pattern: /\bcatch\s*(?:\([^)]*\)\s*)?\{(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*\}/,
    appliesTo: outsideTests,
  },
  {
    problem: 'an empty catch swallows the error',
    pattern: /\.catch\(\s*(?:\(\w*\)|\w+)\s*=>\s*(?:undefined|null|\{\s*\})\s*\)/,
    appliesTo: outsideTests,
  },
  {
    problem: 'the published package has x.js where the sources have x.ts: choose by the ending of import.meta.url',
    pattern: /new URL\(\s*['"`]\.[^'"`]*\.ts['"`]/,
    appliesTo: inSources,
  },
  {
    problem: 'chance in a test comes from forSeeds, which names the seed that fails; a fixed seed is a number',
    pattern: /\bMath\.random\b|\brandom(?:Int|Bytes|UUID)\b|\bnew Random\((?!\d)/,
    appliesTo: (file) => inTests(file) && !file.startsWith(seedFolder),
  },
];

/** Rules that a file keeps by itself. */
export function fileProblems(tree: SourceTree): string[] {
  const problems: string[] = [];
  for (const [file, text] of tree) {
    for (const rule of textRules) {
      const at = rule.appliesTo(file) ? text.search(rule.pattern) : -1;
      if (at >= 0) problems.push(`${file}:${lineAt(text, at)}: ${rule.problem}`);
    }
    const lines = lineAt(text, text.trimEnd().length);
    if (inSources(file) && lines > linesMax) {
      problems.push(`${file} has ${lines} lines, more than ${linesMax}: what second thing moved in?`);
    }
    const vague = file.split('/').find((part) => vagueNames.includes(part.split('.')[0]));
    if (vague !== undefined) problems.push(`${file}: "${vague}" says nothing about what is inside`);
  }
  return problems;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
