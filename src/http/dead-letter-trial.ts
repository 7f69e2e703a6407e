import type { DriverRef } from '../pipeline/driver.ts';
import type { Rehearsal } from '../pipeline/rehearsal.ts';
import type { BrowseRequest, Engine, StoredMessage } from '../queues/engine.ts';
import { browsePage } from './browse-page.ts';
import type { RehearsalDoor } from './doors/rehearsal-door.ts';
import type { Presence } from './presence.ts';

/** Dead letters to try, all of one queue. */
export interface TrialSpec {
  readonly queue: string;
  readonly match: BrowseRequest['match'];
  /** Absent: the driver that their devices have. */
  readonly driver: DriverRef | undefined;
  readonly limit: number;
}

/** What became of a message when it died, and what would become of it now. */
export interface TrialDifference {
  readonly died: { readonly code: string; readonly reason: string } | undefined;
  readonly now: Rehearsal;
}

export interface Trial {
  readonly tried: number;
  /** How many would have which outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** One of each kind that was met, as far as there is room: what dies of something else now, what would be stored. */
  readonly samples: readonly TrialDifference[];
  /** The first sequence that was not looked at; absent where there is none. */
  readonly next: number | undefined;
}

/** As many as the pipeline rehearses at once. */
const pageMessagesMax = 100;
const samplesMax = 20;

/** Tries dead letters page by page, so that none is kept and others go on. Changes nothing. Ends early when the caller left. */
export async function tryDeadLetters(
  engine: Engine,
  rehearsals: RehearsalDoor,
  spec: TrialSpec,
  presence: Presence,
): Promise<Trial> {
  const outcomes: Record<string, number> = {};
  const samples = new Samples();
  let tried = 0;
  let left = false;
  presence.onLeft(() => {
    left = true;
  });
  let next: number | undefined = 0;
  while (next !== undefined && tried < spec.limit && !left) {
    const limit = Math.min(pageMessagesMax, spec.limit - tried);
    const request: BrowseRequest = { from: next, limit, ...(spec.match && { match: spec.match }) };
    const page = await browsePage(engine, spec.queue, request);
    const answers = page.messages.length === 0 ? [] : await rehearsals.run(page.messages, spec.driver);
    for (const [at, now] of answers.entries()) {
      outcomes[now.now] = (outcomes[now.now] ?? 0) + 1;
      samples.add(differenceOf(page.messages[at], now));
    }
    tried += answers.length;
    next = page.next;
  }
  return { tried, outcomes, samples: samples.kept, next };
}

function differenceOf({ death }: StoredMessage, now: Rehearsal): TrialDifference {
  return { died: death && { code: death.code, reason: death.reason }, now };
}

/** A thousand that differ in nothing but their numbers are one sample. */
class Samples {
  readonly kept: TrialDifference[] = [];
  readonly #kinds = new Set<string>();

  add(difference: TrialDifference): void {
    if (this.kept.length >= samplesMax) return;
    const kind = kindOf(difference);
    if (this.#kinds.has(kind)) return;
    this.#kinds.add(kind);
    this.kept.push(difference);
  }
}

function kindOf({ now }: TrialDifference): string {
  return JSON.stringify([now.now, now.error?.code, now.error?.reason, shapeOf(now)]);
}

/** The names of what would be read. */
function shapeOf({ readings }: Rehearsal): string {
  return readings.map(({ eventType, data }) => `${eventType} ${Object.keys(data).sort().join()}`).join('\n');
}
