import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSourceTree } from '../architecture/source-tree.ts';
import type { Vector } from './vector-run.ts';

export interface Statement {
  /** `MQTT-3.1.0-1`, as in appendix B of the standard. */
  readonly id: string;
  /** What it asks, in words of our own. */
  readonly asks: string;
  /** Names of tests, as their sources write them, or `src/file.ts#name`; beside the vectors that name the statement. */
  readonly met?: readonly string[];
  readonly bindsServer?: false;
  readonly reason?: string;
}

export interface Shown {
  readonly kind: 'test' | 'vector' | 'source';
  readonly name: string;
}

export type Version = 4 | 5;

const root = fileURLToPath(new URL('../..', import.meta.url));
const testName = /\b(?:test|it)\(\s*(?:'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`)/g;

export function statementsOf(version: Version): Statement[] {
  const file = version === 4 ? 'mqtt-3.1.1' : 'mqtt-5';
  return JSON.parse(readFileSync(`${import.meta.dirname}/${file}.statements.json`, 'utf8'));
}

/** Finds what the statements point to: tests by name, vectors by the statements that they name, and source by name. */
export class Evidence {
  readonly #tests = new Set<string>();
  readonly #vectors = vectorFiles();

  constructor() {
    const tests = readSourceTree(root, ['src', 'test'], '.ts');
    for (const [, text] of tests) {
      for (const match of text.matchAll(testName)) this.#tests.add(match[1] ?? match[2] ?? match[3]);
    }
  }

  of(statement: Statement, version: Version): Shown[] {
    const pointedTo = (statement.met ?? []).map((name): Shown => {
      if (!name.startsWith('src/')) return { kind: 'test', name };
      return { kind: 'source', name };
    });
    return [...pointedTo, ...this.#vectorsOf(statement, version)];
  }

  exists({ kind, name }: Shown): boolean {
    if (kind === 'test') return this.#tests.has(name);
    return kind === 'vector' || isDeclared(name);
  }

  #vectorsOf({ id }: Statement, version: Version): Shown[] {
    return this.#vectors
      .filter(({ versions }) => versions.includes(version))
      .filter(({ clauses }) => clauses.includes(id) || clauses.includes(`${id} of ${version === 4 ? '3.1.1' : '5'}`))
      .map(({ file, name }) => ({ kind: 'vector', name: `${file}: ${name}` }));
  }
}

function vectorFiles(): (Vector & { readonly file: string })[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.vectors.json'));
  return names.flatMap((name) => {
    const vectors: Vector[] = JSON.parse(readFileSync(`${import.meta.dirname}/${name}`, 'utf8'));
    return vectors.map((vector) => ({ ...vector, file: name.replace('.vectors.json', '') }));
  });
}

/** `src/file.ts#name`: a function, class or constant of the file. */
function isDeclared(reference: string): boolean {
  const [file, name] = reference.split('#');
  if (!existsSync(`${root}/${file}`)) return false;
  return new RegExp(`\\b(?:function|class|const) ${name}\\b`).test(readFileSync(`${root}/${file}`, 'utf8'));
}
