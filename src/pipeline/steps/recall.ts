import type { Readings } from '../../devices/store.ts';
import { toSluiceError } from '../../errors.ts';
import { storedVerdict } from '../outcome.ts';
import type { Work } from '../work.ts';

/**
 * A message that was stored before is a duplicate, whatever would be said of it now: its schema or its driver may have
 * changed since, and it would be in the history and among the dead letters. To be called when the batch was given to the
 * store. Undefined where nothing was rejected, as nearly always.
 */
export function recall(batch: readonly Work[], readings: Readings): Promise<void> | undefined {
  const rejected = batch.filter(mayBeStored);
  return rejected.length === 0 ? undefined : askFor(rejected, readings);
}

async function askFor(rejected: readonly Work[], readings: Readings): Promise<void> {
  try {
    const stored = await readings.areStored(
      rejected.map(({ address, messageId }) => ({ deviceId: address.deviceId, messageId })),
    );
    for (const [at, work] of rejected.entries()) if (stored[at]) work.verdict = storedVerdict('duplicate');
  } catch (problem) {
    for (const work of rejected) work.stop('store', toSluiceError(problem));
  }
}

function mayBeStored({ verdict, messageId }: Work): boolean {
  return verdict?.kind === 'rejected' && verdict.stage !== 'identify' && messageId !== '';
}
