const nameMax = 128;

/** Why a queue cannot have that name; undefined when it can. */
export function queueNameProblem(name: unknown): string | undefined {
  if (typeof name === 'string' && new RegExp(`^[A-Za-z0-9._-]{1,${nameMax}}$`).test(name)) return undefined;
  return `a name takes 1 to ${nameMax} letters, digits, '.', '_' and '-'`;
}

/** A value as a message shows it. */
export function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
