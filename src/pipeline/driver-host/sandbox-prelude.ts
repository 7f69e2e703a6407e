/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 * Only texts cross the border in both directions, because an object of the outer realm would lead to its constructors.
 * Whatever it needs later it takes now: the script may change every intrinsic of its context, but only for itself.
 */
export function installSandbox(outputCharsMax: number): { put: (inputs: string) => void } {
  const { parse, stringify } = JSON;
  const { isFinite: isFiniteNumber } = Number;
  const { defineProperty } = Object;
  const DateOf = Date;
  const TypeErrorOf = TypeError;
  const textOf = String;
  let inputs = '[]';
  let decodeUplink: ((input: unknown) => unknown) | undefined;

  /** JSON would turn such a number into null, and a missing reading would look like one. */
  function refuseUnspeakable(key: string, value: unknown): unknown {
    if (typeof value === 'number' && !isFiniteNumber(value)) {
      throw new TypeErrorOf(`Expected a finite number in "${key}", met ${value}`);
    }
    return value;
  }

  function answerTo(input: { recvTime: unknown }): string {
    let problem: string;
    try {
      input.recvTime = new DateOf(input.recvTime as number);
      const output = stringify(decodeUplink?.(input), refuseUnspeakable);
      if (output === undefined) return '{}';
      if (output.length <= outputCharsMax) return `{"output":${output}}`;
      problem = `Answer at most ${outputCharsMax} characters of JSON: met ${output.length}`;
    } catch (thrown) {
      problem = describe(thrown);
    }
    return `{"threw":${stringify(problem)}}`;
  }

  function describe(thrown: unknown): string {
    try {
      const { message } = Object(thrown);
      const text = textOf(message === undefined ? thrown : message);
      return text.length <= outputCharsMax ? text : 'An error with a very long text';
    } catch {
      return 'An error that cannot be shown';
    }
  }

  defineProperty(globalThis, 'sluiceBind', {
    value: (candidate: unknown): boolean => {
      decodeUplink = typeof candidate === 'function' ? (candidate as typeof decodeUplink) : undefined;
      return decodeUplink !== undefined;
    },
  });
  defineProperty(globalThis, 'sluiceRun', {
    value: (): string => {
      const list = parse(inputs);
      let answers = '[';
      for (let index = 0; index < list.length; index++) answers += (index === 0 ? '' : ',') + answerTo(list[index]);
      return `${answers}]`;
    },
  });

  // What waits, shares memory, compiles machine code or runs at a time of its own choosing has no place in a pure function.
  for (const name of ['Atomics', 'SharedArrayBuffer', 'WebAssembly', 'FinalizationRegistry', 'WeakRef']) {
    delete (globalThis as Record<string, unknown>)[name];
  }
  // Scripts in the wild log while they decode; there is nobody to read it here.
  const quiet = (): undefined => undefined;
  const log = { log: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, trace: quiet };
  defineProperty(globalThis, 'console', { value: log, writable: true, configurable: true });

  return {
    put: (text) => {
      inputs = text;
    },
  };
}
