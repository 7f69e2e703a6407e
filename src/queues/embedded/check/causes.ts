import type { Finding, StoredRows } from '../../../storage/snapshot.ts';
import { fingerprintOf } from '../../causes/cause.ts';
import { bookKey, decodeGroup, isBookKey, isOtherKey } from '../causes/cause-row.ts';
import { queueOfKey } from '../keys.ts';
import { damageOf, deathOf, isDead } from '../record.ts';

interface Tally {
  /** Messages before it are of no group. */
  readonly since: number;
  readonly said: Counted;
  readonly met: { messages: number; bytes: number };
}

interface Counted {
  readonly messages: number;
  readonly bytes: number;
}

/** The dead letters of one queue by their cause: as their rows say, and as they are. */
export class CauseTally {
  readonly #groups = new Map<string, Tally>();
  readonly #unread: string[] = [];
  #other: Tally = tallyOf(0, nothing);

  /** Undefined where the rows do not claim to say what is so. */
  static read(rows: StoredRows, queue: number): CauseTally | undefined {
    const from = bookKey(queue);
    if (rows.get('dead-letter-groups', from) === undefined) return undefined;
    const tally = new CauseTally();
    for (const { key, value } of rows.rows('dead-letter-groups', from)) {
      if (queueOfKey(key) !== queue) break;
      if (!isBookKey(key)) tally.#load(key, value);
    }
    return tally;
  }

  add(sequence: number, record: Buffer): void {
    // A record that is damaged is told of elsewhere, and leaves its group when it is met.
    if (damageOf(record) !== undefined || !isDead(record)) return;
    const group = this.#groups.get(fingerprintOf(deathOf(record)));
    const { met } = group !== undefined && sequence >= group.since ? group : this.#other;
    met.messages++;
    met.bytes += record.length;
  }

  *differences(queue: string): Generator<Finding> {
    for (const key of this.#unread) {
      yield { where: `queue "${queue}"`, problem: `A group of dead letters cannot be read: ${key}` };
    }
    for (const [fingerprint, tally] of [...this.#groups, ['other', this.#other] as const]) {
      const { said, met } = tally;
      if (said.messages === met.messages && said.bytes === met.bytes) continue;
      yield {
        where: `queue "${queue}", dead letters of ${fingerprint}`,
        problem:
          `Their group says ${said.messages} messages of ${said.bytes} bytes; there are ${met.messages} of ${met.bytes}. ` +
          `Count them anew: sluice dead recount --queue ${queue}`,
      };
    }
  }

  #load(key: Buffer, value: Buffer): void {
    const group = decodeGroup(value);
    if (group === undefined) {
      this.#unread.push(key.toString('hex'));
      return;
    }
    const tally = tallyOf(group.since, { messages: group.count, bytes: group.bytes });
    if (isOtherKey(key)) this.#other = tally;
    // A closed group counts nothing, whatever comes after it.
    else if (group.count > 0) this.#groups.set(group.fingerprint, tally);
  }
}

const nothing: Counted = { messages: 0, bytes: 0 };

function tallyOf(since: number, said: Counted): Tally {
  return { since, said, met: { messages: 0, bytes: 0 } };
}
