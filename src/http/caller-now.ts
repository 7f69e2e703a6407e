import { SluiceError } from '../errors.ts';
import type { Caller } from './caller.ts';
import type { RouteParts } from './route.ts';

/** Who the caller of an answer without an end is by now. Rejects with `unauthenticated` where what the caller came in with lets nobody in any more. */
export async function callerNow(
  { access, clock }: Pick<RouteParts, 'access' | 'clock'>,
  caller: Caller,
): Promise<Caller> {
  const { origin, identity } = caller;
  const changes = [
    { kind: 'configuration' },
    ...(identity.kind === 'device' ? [{ kind: 'device', id: identity.name } as const] : []),
  ] as const;
  let now = (identity.expiresAt ?? Number.POSITIVE_INFINITY) > clock.now() ? identity : undefined;
  for (const change of changes) now = now && (await access.reexamine(now, origin, change));
  if (now !== undefined) return { ...caller, identity: now };
  throw new SluiceError('unauthenticated', 'Open the stream again: what it was opened with does not count any more');
}
