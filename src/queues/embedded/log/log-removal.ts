import type { Row } from '../../../storage/environment.ts';
import type { BatchWriter, StagedWrite } from '../../../storage/staged-write.ts';
import type { QueueOptions } from '../../options.ts';
import type { QueueDropReason } from '../../queue-stats.ts';
import type { EngineContext } from '../context.ts';
import type { QueueCounters } from '../counters.ts';
import { messageKey } from '../keys.ts';

/** A log as those see it who keep it small. */
export interface KeptLog {
  readonly id: number;
  readonly name: string;
  readonly context: EngineContext;
  readonly options: QueueOptions;
  readonly counters: QueueCounters;
  readonly removed: boolean;
  /** Nothing is below it. */
  readonly first: number;
  readonly flushedTo: number;
  readonly messages: number;
  readonly bytes: number;
  /** These, the oldest there are, leave; no group comes to them any more. */
  removePrefix(rows: readonly Row[], reason: QueueDropReason): void;
  /** These leave, and others before them stay. */
  removeScattered(rows: readonly Row[], reason: QueueDropReason): void;
}

/** Removes the rows of messages, and counts them out in the same commit. */
export class LogRemoval implements StagedWrite {
  readonly #log: Pick<KeptLog, 'id' | 'counters' | 'removed'>;
  readonly #sequences: readonly number[];
  readonly #bytes: number;

  constructor(log: Pick<KeptLog, 'id' | 'counters' | 'removed'>, sequences: readonly number[], bytes: number) {
    this.#log = log;
    this.#sequences = sequences;
    this.#bytes = bytes;
  }

  write(batch: BatchWriter): void {
    const { id, counters, removed } = this.#log;
    if (removed) return;
    for (const sequence of this.#sequences) batch.remove('messages', messageKey(id, 0, sequence));
    counters.changed(batch, 0, -this.#sequences.length, -this.#bytes, 0);
  }
}
