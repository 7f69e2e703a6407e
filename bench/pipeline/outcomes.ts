import { setTimeout as wait } from 'node:timers/promises';
import type { SluiceBroker } from '../sluice.ts';

/** Messages by what became of them, since the server started. */
export type Outcomes = Readonly<Record<string, number>>;

export async function outcomesOf(broker: SluiceBroker): Promise<Outcomes> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/metrics`);
  const text = await response.text();
  const outcomes: Record<string, number> = {};
  for (const [, labels, value] of text.matchAll(/^sluice_pipeline_messages_total\{([^}]*)\} (\d+)$/gm)) {
    const outcome = /outcome="([^"]*)"/.exec(labels)?.[1] ?? '';
    outcomes[outcome] = (outcomes[outcome] ?? 0) + Number(value);
  }
  return outcomes;
}

/** Milliseconds between two looks, which is how far a time can be off. */
const lookEveryMs = 25;
/** Without any progress for so long a run has failed. */
const standstillMsMax = 20_000;

/** Resolves when the pipeline has ended `messages` more than `before`, with what became of them. */
export async function untilProcessed(broker: SluiceBroker, messages: number, before: Outcomes): Promise<Outcomes> {
  let seen = -1;
  let seenAt = performance.now();
  for (;;) {
    const outcomes = difference(await outcomesOf(broker), before);
    const ended = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
    if (ended >= messages) return outcomes;
    if (ended > seen) [seen, seenAt] = [ended, performance.now()];
    else if (performance.now() - seenAt > standstillMsMax)
      throw new Error(`Expected ${messages} messages to be processed: ${ended} were, and then nothing for 20 s`);
    await wait(lookEveryMs);
  }
}

function difference(now: Outcomes, before: Outcomes): Outcomes {
  return Object.fromEntries(
    Object.entries(now)
      .map(([outcome, count]) => [outcome, count - (before[outcome] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
