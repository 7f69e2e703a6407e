import type { MovePreview, MoveSample, SkippedMessage } from '../../move-spec.ts';
import { deliveredMessageOf } from '../record.ts';
import type { Found } from '../scan.ts';
import type { MoveRange } from './move-source.ts';
import { skippedListedMax } from './move-task.ts';
import type { Plan, Transfer } from './transfer.ts';

/** Messages that a preview shows as they would arrive, and the bytes from which on it shows no more. */
const samplesMax = 20;
const sampleBytesMax = 1024 * 1024;

/** Says what a move would do and does nothing. A message whose place is full counts as one that can go: a move waits for it. */
export async function preview(
  transfer: Transfer,
  { start, end }: MoveRange,
  limit = Number.POSITIVE_INFINITY,
): Promise<MovePreview> {
  const foreseen = new Foreseen();
  await transfer.ready();
  await transfer.source.scan(start, end, (found) => {
    for (const each of found) {
      if (foreseen.movable >= limit) return false;
      foreseen.add(each, transfer.plan(each));
    }
    return true;
  });
  return foreseen;
}

class Foreseen implements MovePreview {
  matched = 0;
  movable = 0;
  superseded = 0;
  readonly skipped: SkippedMessage[] = [];
  readonly samples: MoveSample[] = [];
  #sampleBytes = 0;

  add({ sequence }: Found, plan: Plan | undefined): void {
    if (plan === undefined) return;
    this.matched++;
    if (plan.kind === 'left') {
      if (plan.isSuperseded) this.superseded++;
      if (this.skipped.length < skippedListedMax) this.skipped.push({ sequence, reason: plan.reason });
      return;
    }
    this.movable++;
    if (this.samples.length >= samplesMax || this.#sampleBytes >= sampleBytesMax) return;
    this.#sampleBytes += plan.record.length;
    this.samples.push({ sequence, to: plan.target.name, message: deliveredMessageOf(plan.record) });
  }
}
