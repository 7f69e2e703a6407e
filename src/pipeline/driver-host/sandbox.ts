import process from 'node:process';
import vm from 'node:vm';
import { installBuffer } from './sandbox-buffer.ts';
import { installGuard } from './sandbox-guard.ts';
import { installSandbox, type Sandbox } from './sandbox-prelude.ts';
import { importsAtRunTime, moduleNames, textOfScript, wantsModule, withoutExports } from './script-form.ts';

/** What a script answered to one input: JSON values only. */
export interface ScriptAnswer {
  readonly output?: unknown;
  /** Where it answered NaN or Infinity, which are null in the output. */
  readonly unspeakable?: readonly string[];
  /** Text of what it threw. */
  readonly threw?: string;
}

/** Characters of JSON that one message may become. */
const outputCharsMax = 262_144;
/** How often a message gets its time again when the machine, not the script, spent it. */
const starvedRetriesMax = 4;

/** Why a script does not load. */
export class ScriptProblem extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ScriptProblem';
  }
}

/**
 * A codec script in a context of its own, with a time box; it runs anew for each message. Memory is boxed by the process
 * around it. See docs/decisions/0020 and 0081.
 */
export class CodecScript {
  readonly #name: string;
  readonly #timeoutMs: number;
  #source: string;
  #names: readonly string[] = [];
  #context: vm.Context;
  #sandbox: Sandbox;
  /** Set once it changed what messages share: from then on that is looked after behind each of them. */
  #isMessy = false;

  /** Throws `ScriptProblem` where the script cannot be run or defines no function that decodes. */
  constructor(name: string, source: string, timeoutMs: number) {
    this.#name = name;
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    if (importsAtRunTime(source)) throw new ScriptProblem('Remove import(): a codec script stands alone');
    [this.#context, this.#sandbox] = newContext();
    this.#load();
  }

  /** One answer per input; undefined when the script took longer than its time box for all of them. */
  decode(inputs: readonly object[]): readonly ScriptAnswer[] | undefined {
    const wasMessy = this.#isMessy;
    const answers = this.#runAll(inputs);
    // Some of them may have met what others left: once more, each with everything in its place.
    return this.#isMessy && !wasMessy && inputs.length > 1 ? this.#runAll(inputs) : answers;
  }

  #runAll(inputs: readonly object[]): readonly ScriptAnswer[] | undefined {
    const answers: ScriptAnswer[] = [];
    while (answers.length < inputs.length) {
      const next = this.#run(inputs.slice(answers.length));
      if (next === undefined) return undefined;
      answers.push(...next);
    }
    return answers;
  }

  /** Answers to all of them, or to the first few and no more; never to none. */
  #run(inputs: readonly object[]): readonly ScriptAnswer[] | undefined {
    this.#sandbox.put(JSON.stringify(inputs), this.#isMessy);
    try {
      return answersOf(this.#boxed(), inputs.length);
    } catch (problem) {
      return isTimeout(problem) ? undefined : inputs.map(() => ({ threw: `The script broke off: ${textOf(problem)}` }));
    } finally {
      this.#restore();
    }
  }

  /** A busy machine must not make a good message a dead letter: the box counts processor time, the timer only wakes. */
  #boxed(): unknown {
    for (let attempt = 0; ; attempt++) {
      const started = process.threadCpuUsage();
      try {
        return runner.runInContext(this.#context, { timeout: this.#timeoutMs });
      } catch (problem) {
        if (!isTimeout(problem) || attempt === starvedRetriesMax || !wasStarved(started, this.#timeoutMs))
          throw problem;
        this.#restore();
      }
    }
  }

  #restore(): void {
    const found = this.#sandbox.restore();
    if (found === 'clean') return;
    this.#isMessy = true;
    if (found === 'restored') return;
    [this.#context, this.#sandbox] = newContext();
    this.#sandbox.take(this.#compile(), this.#names.length > 0);
  }

  #load(): void {
    let problem = this.#tryLoad();
    if (wantsModule(problem)) {
      this.#names = moduleNames;
      problem = this.#tryLoad();
    }
    if (problem !== '') throw new ScriptProblem(problem);
  }

  #tryLoad(): string {
    this.#sandbox.take(this.#compile(), this.#names.length > 0);
    try {
      return String(loader.runInContext(this.#context, { timeout: Math.max(this.#timeoutMs, loadMsMin) }));
    } catch (problem) {
      return isTimeout(problem) ? 'It takes too long to load' : textOf(problem);
    } finally {
      this.#restore();
    }
  }

  #compile(): (...given: unknown[]) => unknown {
    try {
      return compile(this.#name, this.#source, this.#names, this.#context);
    } catch (problem) {
      const plain = withoutExports(this.#source);
      if (plain === undefined) throw new ScriptProblem(syntaxProblem(this.#source) ?? textOf(problem), problem);
      this.#source = plain;
      return this.#compile();
    }
  }
}

function newContext(): [vm.Context, Sandbox] {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
    // Promises of the script run inside its time box, not when it is over.
    microtaskMode: 'afterEvaluate',
  });
  return [context, vm.runInContext(prelude, context)];
}

/** As the body of a function: nothing in it can end that function early and get at the top level behind. */
function compile(name: string, source: string, names: readonly string[], context: vm.Context) {
  const { body } = textOfScript(source, names);
  return vm.compileFunction(body, [...names], { filename: name, parsingContext: context }) as (
    ...given: unknown[]
  ) => unknown;
}

/** What is wrong with the script as it is written, without what stands around it when it runs. */
function syntaxProblem(source: string): string | undefined {
  try {
    new vm.Script(source);
    return undefined;
  } catch (problem) {
    return textOf(problem);
  }
}

const prelude = `(${installSandbox})(${outputCharsMax}, ${installBuffer}, ${installGuard})`;
const runner = new vm.Script('sluiceRun()');
const loader = new vm.Script('sluiceLoad()');

function answersOf(text: unknown, count: number): readonly ScriptAnswer[] {
  const answers: ScriptAnswer[] = typeof text === 'string' ? JSON.parse(text) : [];
  return answers.length > 0 && answers.length <= count
    ? answers
    : Array.from({ length: count }, () => ({ threw: 'The script changed the way it is called' }));
}

function wasStarved(started: NodeJS.CpuUsage, timeoutMs: number): boolean {
  const { user, system } = process.threadCpuUsage(started);
  return user + system < timeoutMs * 500;
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
