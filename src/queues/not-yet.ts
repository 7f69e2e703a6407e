/**
 * Options that the engine cannot follow yet: refused unless they have their default, or where values are listed unless they
 * have another one. `bindings.headers` is a part of a binding.
 */
export const notYet: ReadonlyMap<string, readonly string[] | undefined> = new Map([
  ['bindings.headers', undefined],
  ['durability', undefined],
  ['backoff.kind', ['linear', 'list']],
  ['backoff.delaysMs', undefined],
  ['priorities', undefined],
  ['priorityAgeingMs', undefined],
  ['delayMs', undefined],
  ['deduplication.scope', undefined],
  ['deduplication.windowMs', undefined],
  ['overflow', undefined],
  ['rateLimit.in', undefined],
  ['rateLimit.out', undefined],
  ['rateLimit.perKey.in', undefined],
  ['rateLimit.perKey.out', undefined],
]);
