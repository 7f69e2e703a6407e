import process from 'node:process';
import vm from 'node:vm';
import { installSandbox } from './sandbox-prelude.ts';

/** What a script answered to one input: JSON values only. */
export interface ScriptAnswer {
  readonly output?: unknown;
  /** Text of what it threw. */
  readonly threw?: string;
}

/** Characters of JSON that one message may become. */
const outputCharsMax = 262_144;
/** How often a message gets its time again when the machine, not the script, spent it. */
const starvedRetriesMax = 4;

/**
 * `import(…)` hands out promises of the outer realm, and nothing could be loaded anyway. As a keyword it cannot be spelled
 * with escapes; in a script it is only ever followed by a bracket or a dot, with comments between.
 */
const dynamicImport = /\bimport\s*[(./<-]/;

/** Why a script does not load. */
export class ScriptProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ScriptProblem';
  }
}

/** A codec script in a context of its own, with a time box. Memory is boxed by the process around it. */
export class CodecScript {
  readonly #timeoutMs: number;
  readonly #context: vm.Context;
  readonly #put: (inputs: string) => void;

  /** Throws `ScriptProblem` where the script cannot be run or defines no `decodeUplink`. */
  constructor(name: string, source: string, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    if (dynamicImport.test(source)) throw new ScriptProblem('Remove import(): a codec script stands alone');
    this.#context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
      codeGeneration: { strings: false, wasm: false },
      // Promises of the script run inside its time box, not when it is over.
      microtaskMode: 'afterEvaluate',
    });
    this.#put = vm.runInContext(`(${installSandbox})(${outputCharsMax})`, this.#context).put;
    if (!this.#load(name, source)) {
      throw new ScriptProblem('Define a function decodeUplink(input): the script has none');
    }
  }

  /** One answer per input; undefined when the script took longer than its time box for all of them. */
  decode(inputs: readonly object[]): readonly ScriptAnswer[] | undefined {
    this.#put(JSON.stringify(inputs));
    // A busy machine must not make a good message a dead letter: the box counts processor time, the timer only wakes.
    for (let attempt = 0; attempt <= starvedRetriesMax; attempt++) {
      const started = process.threadCpuUsage();
      try {
        return answersOf(runner.runInContext(this.#context, { timeout: this.#timeoutMs }), inputs.length);
      } catch (problem) {
        if (!isTimeout(problem)) return inputs.map(() => ({ threw: `The script broke off: ${textOf(problem)}` }));
        if (!this.#wasStarved(started)) return undefined;
      }
    }
    return undefined;
  }

  #wasStarved(started: NodeJS.CpuUsage): boolean {
    const { user, system } = process.threadCpuUsage(started);
    return user + system < this.#timeoutMs * 500;
  }

  #load(name: string, source: string): boolean {
    try {
      const timeout = Math.max(this.#timeoutMs, loadMsMin);
      new vm.Script(source, { filename: name }).runInContext(this.#context, { timeout });
      return binder.runInContext(this.#context, { timeout }) === true;
    } catch (problem) {
      throw new ScriptProblem(isTimeout(problem) ? 'It takes too long to load' : textOf(problem), problem);
    }
  }
}

// `decodeUplink` may be a function, a `var` or a `const`: only code in the same context sees all three.
const binder = new vm.Script("sluiceBind(typeof decodeUplink === 'undefined' ? undefined : decodeUplink)");
const runner = new vm.Script('sluiceRun()');

function answersOf(text: unknown, count: number): readonly ScriptAnswer[] {
  const answers: ScriptAnswer[] = typeof text === 'string' ? JSON.parse(text) : [];
  return answers.length === count
    ? answers
    : Array.from({ length: count }, () => ({ threw: 'The script changed the way it is called' }));
}

function isTimeout(problem: unknown): boolean {
  return (problem as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** The text of something thrown in a context: only data properties are looked at, since a getter would be the script's. */
function textOf(problem: unknown): string {
  if (typeof problem === 'string') return problem;
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const message = Object.getOwnPropertyDescriptor(problem, 'message')?.value;
  return typeof message === 'string' ? message : 'something that is not an error was thrown';
}

/** Loading compiles, and happens once: on a busy machine it takes longer than any message may. */
const loadMsMin = 2_000;
