/**
 * Options that the engine cannot follow yet: refused unless they have their default, or where values are listed unless they
 * have another one.
 */
export const notYet: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ['rateLimit.perKey.out', undefined],
]);
