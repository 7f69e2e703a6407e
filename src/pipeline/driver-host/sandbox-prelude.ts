import type { Guard, Surroundings } from './sandbox-guard.ts';

/** What the outside holds of a context. Only texts cross the border, but for the script's own function, which is of its realm. */
export interface Sandbox {
  /**
   * The script as a function of the context's own, to be called with the values of `globals`, names with spaces between them, and with
   * `module` and `exports` where `asModule`. Names that it adds to classes of the language are gone for the next message, but for
   * those of `givenFirst` (`String,twice`, with spaces between them), which may stay without a value: nobody asks before they are given.
   */
  readonly take: (
    script: (...given: unknown[]) => unknown,
    globals: string,
    asModule: boolean,
    givenFirst: string,
  ) => void;
  /** JSON of the inputs of the next run. */
  readonly put: (inputs: string) => void;
  readonly restore: () => Surroundings;
  /** JSON of the names of globals that were added since this was asked last. */
  readonly addedGlobals: () => string;
  /** Names of locals that a message left unassigned since this was asked last, each with a space behind it. */
  readonly unassignedLocals: () => string;
}

/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 * Only texts cross the border in both directions, because an object of the outer realm would lead to its constructors.
 * Whatever it needs later it takes now: the script may change every intrinsic of its context, but only for one message.
 */
export function installSandbox(
  outputCharsMax: number,
  installers: readonly (() => void)[],
  installGuard: (watchAll: boolean, opensClasses: boolean, reachable: () => Iterable<object>) => Guard,
  reachable: () => Iterable<object>,
  watchAll: boolean,
  opensClasses: boolean,
): Sandbox {
  const { parse, stringify } = JSON;
  const { isFinite: isFiniteNumber } = Number;
  const { defineProperty, freeze } = Object;
  const DateOf = Date;
  const PromiseOf = Promise;
  const ObjectOf = Object;
  const textOf = String;
  const none: Functions = freeze({});
  const noArguments: readonly never[] = freeze([]);
  const world = globalThis as unknown as Readonly<Record<string, unknown>>;
  const { apply } = Reflect;
  const { exec } = RegExp.prototype;
  const { split } = String.prototype;
  const empty = freeze(/(?:)/);
  let inputs = '[]';
  let isRunning = false;
  let asModule = false;
  let globals: readonly string[] = [];
  let script: ((...given: unknown[]) => unknown) | undefined;
  /** What a module exports. */
  let self: object = none;
  /** Where numbers were that JSON cannot say, of the message in work. */
  let unspeakable = '';
  let unspeakableCount = 0;
  let namesUnassigned: unknown;
  let unassigned = '';

  /** Runs the whole script, so that whatever it keeps at its top level is new. */
  function load(): Functions {
    const module = { exports: {} };
    // `this` is the global object at the top level of a script, also of a strict one.
    const functions = script === undefined ? none : apply(script, world, argumentsFor(module));
    self = module.exports;
    const found = (functions ?? none) as Functions;
    namesUnassigned = found.unassigned;
    return found;
  }

  function argumentsFor(module: { readonly exports: object }): ArrayLike<unknown> {
    const modules: ArrayLike<unknown> = asModule ? [module, module.exports] : noArguments;
    if (globals.length === 0) return modules;
    // No list: the message before may have put a setter at one of the places that all lists have.
    const given: Given = { __proto__: null, length: globals.length + modules.length };
    for (let at = 0; at < globals.length; at++) given[at] = world[globals[at]];
    for (let at = 0; at < modules.length; at++) given[globals.length + at] = modules[at];
    return given;
  }

  function decoderOf({ decodeUplink, Decode, Decoder, Converter, Validator }: Functions): Answerer {
    if (typeof decodeUplink === 'function') return own(decodeUplink as Answerer);
    if (typeof Decode === 'function')
      return ({ fPort, bytes, variables }) => ({ data: Decode(fPort, bytes, variables) });
    if (typeof Decoder !== 'function') throw 'Define a function decodeUplink(input): the script has none';
    return ({ bytes, fPort }) => {
      const decoded = Decoder(bytes, fPort);
      const data = typeof Converter === 'function' ? Converter(decoded, fPort) : decoded;
      if (typeof Validator !== 'function' || Validator(data, fPort)) return { data };
      return { errors: ['Validator: the message is not valid'] };
    };
  }

  function encoderOf({ encodeDownlink, Encode, Encoder }: Functions): Answerer {
    if (typeof encodeDownlink === 'function') return own(encodeDownlink as Answerer);
    if (typeof Encode === 'function') {
      return ({ fPort, data, variables }) => ({ fPort, bytes: Encode(fPort, data, variables) });
    }
    if (typeof Encoder === 'function') return ({ fPort, data }) => ({ fPort, bytes: Encoder(data, fPort) });
    throw 'Define a function encodeDownlink(input): the script has none';
  }

  function functionFor(call: string, functions: Functions): Answerer {
    const { decodeDownlink } = functions;
    if (call === 'encodeDownlink') return encoderOf(functions);
    if (call !== 'decodeDownlink') return decoderOf(functions);
    if (typeof decodeDownlink === 'function') return own(decodeDownlink as Answerer);
    throw 'Define a function decodeDownlink(input): the script has none';
  }

  /** In a module functions may call each other by `this`. */
  function own(answerer: Answerer): Answerer {
    return asModule ? (input) => apply(answerer, self, [input]) : answerer;
  }

  interface Given {
    readonly __proto__: null;
    readonly length: number;
    [place: number]: unknown;
  }

  type Functions = Readonly<Record<string, unknown>>;
  type Answerer = (input: Pick<Input, 'data'> & Partial<Input>) => unknown;

  interface Input {
    readonly bytes: readonly number[];
    readonly fPort: number | undefined;
    readonly variables: object;
    readonly data?: unknown;
    recvTime: unknown;
    /** What is asked instead of `decodeUplink`. The script does not see it. */
    call?: string;
  }

  /**
   * JSON turns such a number into null. A sensor that is not there must not take those beside it along: it is told instead.
   * An undefined property is null as well, as The Things Stack has it: there is such a key, and nothing known of it.
   */
  function speakable(key: string, value: unknown): unknown {
    if (value === undefined) return null;
    if (typeof value === 'number' && !isFiniteNumber(value)) {
      if (unspeakableCount++ < 8) unspeakable += `${unspeakable === '' ? '' : ','}${stringify(`${value} in "${key}"`)}`;
    }
    return value;
  }

  function answerTo(input: Input): string {
    let problem: string;
    try {
      // `RegExp.$1` and its like remember the last match, whoever made it.
      apply(exec, empty, ['']);
      unspeakable = '';
      unspeakableCount = 0;
      namesUnassigned = undefined;
      input.recvTime = new DateOf(input.recvTime as number);
      const { call } = input;
      if (call !== undefined) delete input.call;
      const functions = load();
      const answer = (call === undefined ? decoderOf(functions) : functionFor(call, functions))(input);
      const output = textFor(answer);
      if (output === undefined) return '{}';
      const normalized = call === 'normalizeUplink' ? normalizedText(functions, answer) : '';
      const told = unspeakable === '' ? '' : `,"unspeakable":[${unspeakable}]`;
      return `{"output":${output}${normalized}${told}}`;
    } catch (thrown) {
      problem = describe(thrown);
    }
    return `{"threw":${stringify(problem)}}`;
  }

  function textFor(answer: unknown): string | undefined {
    if (answer instanceof PromiseOf) throw 'Answer at once: nobody waits for a promise';
    const text = answer === undefined ? undefined : stringify(answer, speakable);
    if (text === undefined || text.length <= outputCharsMax) return text;
    throw `Answer at most ${outputCharsMax} characters of JSON: met ${text.length}`;
  }

  /** As The Things Stack has it: only what was decoded without errors is normalised, and only beside a `decodeUplink`. */
  function normalizedText({ decodeUplink, normalizeUplink }: Functions, answer: unknown): string {
    if (typeof decodeUplink !== 'function' || typeof normalizeUplink !== 'function') return '';
    const { data, errors } = ObjectOf(answer);
    if (!data || (errors && errors.length > 0)) return '';
    unspeakable = '';
    unspeakableCount = 0;
    return `,"normalized":${textFor(own(normalizeUplink as Answerer)({ data })) ?? 'null'}`;
  }

  function describe(thrown: unknown): string {
    try {
      const { message } = ObjectOf(thrown);
      const text = textOf(message === undefined ? thrown : message);
      return text.length <= outputCharsMax ? text : 'An error with a very long text';
    } catch {
      return 'An error that cannot be shown';
    }
  }

  function run(): string {
    const list = parse(inputs);
    let answers = '[';
    for (let index = 0; index < list.length; index++) {
      let answer = answerTo(list[index]);
      noteUnassigned();
      let found = guard.restoreKnown();
      if (found === 'missed') {
        answer = answerTo(parse(inputs)[index]);
        noteUnassigned();
        found = guard.restoreKnown();
      }
      answers += (index === 0 ? '' : ',') + answer;
      // What cannot be put right ends the run: the rest goes on in a new context.
      if (found === 'lost') break;
    }
    return `${answers}]`;
  }

  /** A script that returns at its top level answers with functions of its own: whatever they do is taken back behind them. */
  function noteUnassigned(): void {
    if (typeof namesUnassigned !== 'function') return;
    try {
      unassigned += textOf(namesUnassigned());
    } catch {
      namesUnassigned = undefined;
    }
  }

  /** A script that calls its caller would never end. */
  function once(work: (call: string) => string): (call: string) => string {
    return (call) => {
      if (isRunning) throw 'The script called the one that calls it';
      isRunning = true;
      try {
        return work(call);
      } finally {
        isRunning = false;
      }
    };
  }

  defineProperty(globalThis, 'sluiceRun', { value: freeze(once(run)) });
  defineProperty(globalThis, 'sluiceLoad', {
    value: freeze(
      once((call) => {
        try {
          functionFor(call, load());
          return '';
        } catch (thrown) {
          return describe(thrown);
        }
      }),
    ),
  });

  // What waits, shares memory, compiles machine code or runs at a time of its own choosing has no place in a pure function.
  for (const name of ['Atomics', 'SharedArrayBuffer', 'WebAssembly', 'FinalizationRegistry', 'WeakRef']) {
    delete (globalThis as Record<string, unknown>)[name];
  }
  // Scripts in the wild log while they decode; there is nobody to read it here.
  const log: Record<string, () => undefined> = {};
  const names =
    'assert clear count countReset debug dir dirxml error group groupCollapsed groupEnd info log table time timeEnd';
  for (const name of `${names} timeLog trace warn`.split(' ')) log[name] = () => undefined;
  defineProperty(globalThis, 'console', { value: log, writable: true, configurable: true });

  for (const install of installers) install();
  const guard = installGuard(watchAll, opensClasses, reachable);
  return {
    take: (taken, globalNames, isModule, givenFirst) => {
      script = freeze(taken);
      // Only `arguments.callee` leads to it, and to its prototype: neither may keep anything.
      freeze(taken.prototype);
      guard.forgetGlobals();
      guard.mayKeep(givenFirst === '' ? [] : apply(split, givenFirst, [' ']));
      asModule = isModule;
      globals = globalNames === '' ? [] : apply(split, globalNames, [' ']);
    },
    put: (text) => {
      inputs = text;
    },
    restore: () => {
      // A run that was stopped by its time box did not get to say so.
      isRunning = false;
      return guard.restore();
    },
    addedGlobals: () => stringify(guard.added()),
    unassignedLocals: () => {
      const names = unassigned;
      unassigned = '';
      return names;
    },
  };
}
