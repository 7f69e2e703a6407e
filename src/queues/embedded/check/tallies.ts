import type { Finding, StoredRows } from '../../../storage/snapshot.ts';
import type { TableName } from '../../../storage/tables.ts';
import { decodeCounters, type LaneCounters } from '../counters.ts';
import { queueKey, queueOfKey } from '../keys.ts';
import { CauseTally } from './causes.ts';

/** What the rows of one queue come to. */
export class QueueTally {
  readonly id: number;
  readonly name: string;
  /** Its removal has begun: rows of it may be left, and need not agree. */
  readonly isRemoving: boolean;
  /** What its row of counters says; undefined where there is none. */
  readonly counted: ReturnType<typeof decodeCounters> | undefined;
  /** Its dead letters by cause. */
  readonly causes: CauseTally | undefined;
  readonly lanes: LaneCounters[] = [];
  bytes = 0;

  constructor(id: number, name: string, isRemoving: boolean, rows: StoredRows) {
    this.id = id;
    this.name = name;
    this.isRemoving = isRemoving;
    const counters = rows.get('queue-counters', queueKey(id));
    this.counted = counters && decodeCounters(counters);
    this.causes = CauseTally.read(rows, id);
  }

  lane(lane: number): LaneCounters {
    while (lane >= this.lanes.length) this.lanes.push({ messages: 0, waiting: 0 });
    return this.lanes[lane];
  }

  message(sequence: number): string {
    return `queue "${this.name}", message ${sequence}`;
  }

  /** Where its counters and its rows differ. */
  *differences(): Generator<Finding> {
    if (this.causes !== undefined) yield* this.causes.differences(this.name);
    const { counted } = this;
    const where = `queue "${this.name}"`;
    if (counted === undefined) {
      if (this.lanes.length > 0) yield { where, problem: 'It has messages and no row of counters' };
      return;
    }
    if (counted.bytes !== this.bytes) {
      yield { where, problem: `Its counters say ${counted.bytes} bytes, its messages have ${this.bytes}` };
    }
    for (let lane = 0; lane < Math.max(this.lanes.length, counted.lanes.length); lane++) {
      const said = counted.lanes[lane] ?? none;
      const met = this.lanes[lane] ?? none;
      if (said.messages === met.messages && said.waiting === met.waiting) continue;
      yield {
        where,
        problem:
          `Its counters say ${said.messages} messages, ${said.waiting} of them waiting, in lane ${lane}; ` +
          `there are ${met.messages} and ${met.waiting}`,
      };
    }
  }
}

const none: LaneCounters = { messages: 0, waiting: 0 };

/** The tallies of all queues, and what belongs to none of them. */
export class Tallies {
  readonly #byId = new Map<number, QueueTally>();
  /** Rows by table and queue that is not there. */
  readonly #orphans = new Map<string, number>();

  get queues(): Iterable<QueueTally> {
    return this.#byId.values();
  }

  *load(rows: StoredRows): Generator<Finding> {
    for (const { key, value } of rows.rows('queues')) {
      const id = queueOfKey(key);
      try {
        const { name, removing } = JSON.parse(value.toString()) as { name: string; removing?: boolean };
        this.#byId.set(id, new QueueTally(id, name, removing === true, rows));
      } catch (problem) {
        yield { where: `queue ${id}`, problem: `Its definition cannot be read: ${(problem as Error).message}` };
      }
    }
  }

  /** The queue whose id a key begins with; undefined where there is none, or it is being removed. */
  of(table: TableName, key: Buffer): QueueTally | undefined {
    const id = queueOfKey(key);
    const tally = this.#byId.get(id);
    if (tally === undefined) {
      const name = `table ${table}, queue ${id}`;
      this.#orphans.set(name, (this.#orphans.get(name) ?? 0) + 1);
    }
    return tally?.isRemoving ? undefined : tally;
  }

  *orphans(): Generator<Finding> {
    for (const [where, rows] of this.#orphans) yield { where, problem: `${rows} rows of a queue that is not there` };
  }
}
