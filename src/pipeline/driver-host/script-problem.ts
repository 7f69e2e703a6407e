import vm from 'node:vm';

/** What is wrong with the script as it is written, without what stands around it when it runs. */
export function syntaxProblem(source: string): string | undefined {
  try {
    new vm.Script(source);
    return undefined;
  } catch (problem) {
    return textOf(problem);
  }
}

/** Whether it may have failed since the classes of the language were frozen. */
export function mayMissClasses(problem: string | undefined): boolean {
  return problem !== undefined && /not extensible|read only|is not a function|Cannot (redefine|define)/.test(problem);
}

/** Whether it ran, and no function that was wanted was found behind it. */
export function lacksFunction(problem: string): boolean {
  return /^Define a function .*: the script has none$/.test(problem);
}

/** A script may not; here it may, being the body of a function, and nothing behind it runs. */
export function returnsAtTopLevel(source: string): boolean {
  return syntaxProblem(source) === 'Illegal return statement';
}

export function isTimeout(problem: unknown): boolean {
  return (problem as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** The text of something thrown in a context: only data properties are looked at, since a getter would be the script's. */
export function textOf(problem: unknown): string {
  if (typeof problem === 'string') return problem;
  if (typeof problem !== 'object' || problem === null) return String(problem);
  const message = Object.getOwnPropertyDescriptor(problem, 'message')?.value;
  return typeof message === 'string' ? message : 'something that is not an error was thrown';
}
