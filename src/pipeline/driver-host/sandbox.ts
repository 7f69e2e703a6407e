import vm from 'node:vm';
import type { DriverCall } from '../driver.ts';
import { inProcessorTime } from './processor-box.ts';
import { installBuffer } from './sandbox-buffer.ts';
import { installDates } from './sandbox-dates.ts';
import { installGuard } from './sandbox-guard.ts';
import { installSandbox, type Sandbox } from './sandbox-prelude.ts';
import { reachableObjects } from './sandbox-reach.ts';
import { installTables } from './sandbox-tables.ts';
import { installTexts } from './sandbox-texts.ts';
import {
  bodyOf,
  extendsClasses,
  globalVariables,
  importsAtRunTime,
  isVariableName,
  mayNameGlobal,
  moduleNames,
  wantsModule,
  withoutExports,
} from './script-form.ts';
import { namesUnasked } from './script-preamble.ts';
import {
  isTimeout,
  lacksFunction,
  mayMissClasses,
  returnsAtTopLevel,
  syntaxProblem,
  textOf,
} from './script-problem.ts';

/** What a script answered to one input: JSON values only. */
export interface ScriptAnswer {
  readonly output?: unknown;
  /** What its `normalizeUplink` made of that, where it was asked and there is one. */
  readonly normalized?: unknown;
  /** Where it answered NaN or Infinity, which are null in the output. */
  readonly unspeakable?: readonly string[];
  /** Text of what it threw. */
  readonly threw?: string;
}

/** Characters of JSON that one message may become. */
const outputCharsMax = 262_144;

/** Variables without `var` that a script may have made its own. */
const localsMax = 100;
/** How often a group is decoded anew since something was changed in yet another place, until all places are watched. */
const roundsMax = 4;

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
  readonly #wanted: DriverCall;
  #source: string;
  /** Looked for once in each source: a long one takes longer to look through than to run. */
  #unasked: { readonly source: string; readonly names: string } | undefined;
  #asModule = false;
  /** Variables that lack their `var`. As locals they are new for each message, like all others. */
  #locals: readonly string[] = [];
  /** Those that some message did not assign, and might have read: there has to be none of the name then. */
  readonly #globals = new Set<string>();
  #context: vm.Context;
  #sandbox: Sandbox;
  /** Whether all that messages share is looked at behind each of them, since once it was beyond repair. */
  #isWatchful = false;
  #isTidy = true;
  /** False while the classes of the language are frozen, since the script shows no sign of extending them. */
  #opensClasses: boolean;
  /** Whether it took longer than its time box once, and so gets one each time. */
  #isSlow = false;

  /** Throws `ScriptProblem` where the script cannot be run or lacks the function that is wanted of it. */
  constructor(name: string, source: string, timeoutMs: number, wanted: DriverCall = 'decodeUplink') {
    this.#name = name;
    this.#source = source;
    this.#timeoutMs = timeoutMs;
    this.#wanted = wanted;
    if (importsAtRunTime(source)) throw new ScriptProblem('Remove import(): a codec script stands alone');
    this.#opensClasses = extendsClasses(source);
    [this.#context, this.#sandbox] = newContext(false, this.#opensClasses);
    this.#load();
  }

  /**
   * One answer per input; undefined when the script took longer than its time box for all of them. Unboxed, somebody outside
   * has to end this process when there is no answer: making a time box costs 140 µs, ten times what a message does. Call `tidy`
   * when there is time.
   */
  decode(inputs: readonly object[], isBoxed: boolean): readonly ScriptAnswer[] | undefined {
    const answers = this.#decodeInTime(inputs, isBoxed);
    if (this.#opensClasses || !answers?.some(({ threw }) => mayMissClasses(threw))) return answers;
    this.#openClasses();
    return this.#decodeInTime(inputs, isBoxed);
  }

  #decodeInTime(inputs: readonly object[], isBoxed: boolean): readonly ScriptAnswer[] | undefined {
    this.tidy();
    if (isBoxed || this.#isSlow) return this.#decode(inputs, true);
    const started = performance.now();
    const answers = this.#decode(inputs, false);
    if (performance.now() - started < this.#timeoutMs) return answers;
    // That was its own doing or the machine's: the box can tell.
    this.#isSlow = true;
    this.tidy();
    return this.#decode(inputs, true);
  }

  /** Puts right what the last message may have left. */
  tidy(): void {
    if (!this.#isTidy) this.#restore();
  }

  #decode(inputs: readonly object[], isBoxed: boolean): readonly ScriptAnswer[] | undefined {
    const answers = this.#decodeAsItIs(inputs, isBoxed);
    return answers !== undefined && this.#makeGlobal() ? this.#decode(inputs, isBoxed) : answers;
  }

  #decodeAsItIs(inputs: readonly object[], isBoxed: boolean): readonly ScriptAnswer[] | undefined {
    if (inputs.length === 1) return this.#run(inputs, isBoxed);
    for (let round = 1; ; round++) {
      const everythingIsWatched = this.#isWatchful;
      const [answers, isAsItWas] = this.#runAll(inputs, isBoxed);
      if (answers === undefined || isAsItWas || everythingIsWatched) return answers;
      // Some of them may have met what others left: once more, and now it is looked for behind each of them.
      if (round === roundsMax) this.#renew();
    }
  }

  #runAll(
    inputs: readonly object[],
    isBoxed: boolean,
  ): [answers: readonly ScriptAnswer[] | undefined, isAsItWas: boolean] {
    const answers: ScriptAnswer[] = [];
    let isAsItWas = true;
    while (answers.length < inputs.length) {
      const next = this.#run(inputs.slice(answers.length), isBoxed);
      isAsItWas = this.#restore() && isAsItWas;
      if (next === undefined) return [undefined, isAsItWas];
      answers.push(...next);
    }
    return [answers, isAsItWas];
  }

  /** Answers to all of them, or to the first few and no more; never to none. */
  #run(inputs: readonly object[], isBoxed: boolean): readonly ScriptAnswer[] | undefined {
    this.#sandbox.put(JSON.stringify(inputs));
    this.#isTidy = false;
    try {
      const told = isBoxed ? this.#boxed(runner, this.#timeoutMs) : runner.runInContext(this.#context);
      return answersOf(told, inputs.length);
    } catch (problem) {
      return isTimeout(problem) ? undefined : inputs.map(() => ({ threw: `The script broke off: ${textOf(problem)}` }));
    }
  }

  #boxed(script: vm.Script, timeoutMs: number): unknown {
    const attempt = (): unknown => {
      this.#isTidy = false;
      return script.runInContext(this.#context, { timeout: timeoutMs });
    };
    return inProcessorTime(timeoutMs, attempt, () => this.#restore());
  }

  /** Puts right what messages share; false where it was changed in a place that nobody looks at behind each message. */
  #restore(): boolean {
    this.#isTidy = true;
    const found = this.#sandbox.restore();
    if (found === 'lost') this.#renew();
    if (found === 'restored') this.#makeLocal();
    return found === 'clean';
  }

  #renew(): void {
    this.#isWatchful = true;
    [this.#context, this.#sandbox] = newContext(true, this.#opensClasses);
    this.#take();
  }

  #makeLocal(): void {
    const added: string[] = JSON.parse(this.#sandbox.addedGlobals());
    if (mayNameGlobal(this.#source)) return;
    const names = added.filter(
      (name) => isVariableName(name) && !this.#globals.has(name) && !this.#locals.includes(name),
    );
    const before = this.#locals;
    if (names.length === 0 || before.length + names.length > localsMax) return;
    this.#locals = [...before, ...names];
    try {
      this.#take();
    } catch {
      // It is declared in a way that allows no other: looking after the globals does as well.
      this.#locals = before;
      this.#take();
    }
  }

  /** False where each message assigned all locals. */
  #makeGlobal(): boolean {
    const unassigned = this.#sandbox.unassignedLocals().split(' ');
    const names = this.#locals.filter((name) => unassigned.includes(name));
    if (names.length === 0) return false;
    for (const name of names) this.#globals.add(name);
    this.#locals = this.#locals.filter((name) => !names.includes(name));
    this.tidy();
    this.#take();
    return true;
  }

  #openClasses(): void {
    this.#opensClasses = true;
    [this.#context, this.#sandbox] = newContext(this.#isWatchful, true);
    this.#take();
  }

  #load(): void {
    let problem = this.#tryLoad();
    if (mayMissClasses(problem) && !this.#opensClasses) {
      this.#openClasses();
      problem = this.#tryLoad();
    }
    if (wantsModule(problem)) {
      this.#asModule = true;
      problem = this.#tryLoad();
    }
    if (problem === '') return;
    const endsEarly = lacksFunction(problem) && returnsAtTopLevel(this.#source);
    throw new ScriptProblem(
      endsEarly ? `${problem}, since a return at its top level ends it before its functions are found` : problem,
    );
  }

  #tryLoad(): string {
    this.#take();
    try {
      const loader = new vm.Script(`sluiceLoad('${this.#wanted}')`);
      return String(this.#boxed(loader, Math.max(this.#timeoutMs, loadMsMin)));
    } catch (problem) {
      return isTimeout(problem) ? 'It takes too long to load' : textOf(problem);
    } finally {
      this.#restore();
    }
  }

  #take(): void {
    const [script, globals] = this.#compile(globalVariables(this.#source));
    this.#sandbox.take(script, globals.join(' '), this.#asModule, this.#namesUnasked());
  }

  #namesUnasked(): string {
    if (this.#unasked?.source !== this.#source)
      this.#unasked = { source: this.#source, names: namesUnasked(this.#source).join(' ') };
    return this.#unasked.names;
  }

  /** As the body of a function: nothing in it can end that function early and get at the top level behind. */
  #compile(globals: readonly string[]): [script: (...given: unknown[]) => unknown, globals: readonly string[]] {
    const names = [...globals, ...(this.#asModule ? moduleNames : []), ...this.#locals];
    const options = { filename: this.#name, parsingContext: this.#context };
    try {
      const script = vm.compileFunction(bodyOf(this.#source, this.#asModule, this.#locals), names, options);
      return [script as (...given: unknown[]) => unknown, globals];
    } catch (problem) {
      // One of the names may be that of a `let` as well.
      if (globals.length > 0) return this.#compile([]);
      const plain = withoutExports(this.#source);
      if (plain === undefined) throw new ScriptProblem(syntaxProblem(this.#source) ?? textOf(problem), problem);
      this.#source = plain;
      return this.#compile(globalVariables(plain));
    }
  }
}

/** With `watchAll` everything that messages share is looked at behind each of them. */
function newContext(watchAll: boolean, opensClasses: boolean): [vm.Context, Sandbox] {
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
    // Promises of the script run inside its time box, not when it is over.
    microtaskMode: 'afterEvaluate',
  });
  return [context, preludes[Number(watchAll)][Number(opensClasses)].runInContext(context)];
}

const preludes = [false, true].map((watchAll) => [preludeFor(watchAll, false), preludeFor(watchAll, true)]);
const runner = new vm.Script('sluiceRun()');

/** Strict, so that no function of it is what a function of the script is told to be called by: nobody looks after those. */
function preludeFor(watchAll: boolean, opensClasses: boolean): vm.Script {
  return new vm.Script(
    `'use strict';(${installSandbox})(${outputCharsMax}, [${installBuffer}, ${installTexts}, ${installDates}, ${installTables}], ${installGuard}, ${reachableObjects}, ${watchAll}, ${opensClasses})`,
  );
}

function answersOf(text: unknown, count: number): readonly ScriptAnswer[] {
  const answers: ScriptAnswer[] = typeof text === 'string' ? JSON.parse(text) : [];
  return answers.length > 0 && answers.length <= count
    ? answers
    : Array.from({ length: count }, () => ({ threw: 'The script changed the way it is called' }));
}

/** Loading compiles, and happens once: on a busy machine it takes longer than any message may. */
const loadMsMin = 2_000;
