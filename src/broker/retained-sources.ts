import type { Access, AccessChange, Identity } from '../access/access.ts';
import type { Log } from '../std/log.ts';
import { RecentMap } from '../std/recent-map.ts';
import type { Publication } from './publication.ts';

/** Who may still publish where, of those who had messages retained. Each is looked up once, until somebody's rights change. */
export class RetainedSources {
  readonly #access: Access;
  readonly #log: Log;
  #known: Known = new RecentMap(sourcesMax);
  /** Looked up at the moment; no more than greetings have met. */
  #asked = new Map<string, Promise<void>>();
  /** Devices that were changed, and which change was their last one. */
  #changed = new Map<string, number>();
  #changes = 0;

  constructor(access: Access, log: Log) {
    this.#access = access;
    this.#log = log;
  }

  /**
   * Somebody may do more, or less, than before. Where it is one device nobody else is asked for anew: devices may be changed faster
   * than anything is looked up.
   */
  changed(change: AccessChange): void {
    if (change.kind === 'device' && this.#changed.size < changedMax) this.#changed.set(change.id, ++this.#changes);
    else {
      this.#known = new RecentMap(sourcesMax);
      this.#asked = new Map();
      this.#changed = new Map();
    }
  }

  /** Whether who published it may do so still; undefined where that is being looked up. What the server says itself stands. */
  mayStill({ source, publisher, topic }: Publication): boolean | undefined {
    if (source === undefined) return true;
    const known = this.#current(source) ?? this.#ask(source);
    if (known === undefined) return undefined;
    return known.identity !== undefined && this.#access.mayPublish(known.identity, publisher, topic);
  }

  /** When everything that was asked by now is known. Never rejects. */
  async answered(): Promise<void> {
    await Promise.all(this.#asked.values());
  }

  #current(source: string): Answer | undefined {
    const known = this.#known.get(source);
    if (known === undefined) return undefined;
    const { device = '', isTold, changes } = known;
    const changed = isTold ? (this.#changed.get(device) ?? 0) : this.#changes;
    return changed <= changes ? known : undefined;
  }

  /** Undefined where the answer takes its time. */
  #ask(source: string): Answer | undefined {
    if (this.#asked.has(source)) return undefined;
    // Of what changes meanwhile another one is asked.
    const known = this.#known;
    const asked = this.#asked;
    const changes = this.#changes;
    try {
      const device = this.#access.deviceOfSource(source);
      const keep = (identity: Identity | undefined): Answer => {
        const answer = { identity, device, isTold: true, changes };
        known.set(source, answer);
        return answer;
      };
      const answer = this.#access.ofSource(source);
      if (!(answer instanceof Promise)) return keep(answer);
      const told = answer.then(keep, (problem) => this.#withhold(known, source, problem));
      asked.set(
        source,
        told.then(() => void asked.delete(source)),
      );
      return undefined;
    } catch (problem) {
      return this.#withhold(known, source, problem);
    }
  }

  /** A message is rather kept back than given out for somebody who has lost the right. */
  #withhold(known: Known, source: string, problem: unknown): Answer {
    this.#log.error('Cannot tell who had messages retained: they greet nobody', { source, error: problem });
    const answer = { identity: undefined, device: undefined, isTold: false, changes: this.#changes };
    known.set(source, answer);
    return answer;
  }
}

type Known = RecentMap<string, Answer>;

interface Answer {
  /** Absent: nobody. */
  readonly identity: Identity | undefined;
  /** False where it could not be looked up: after any change that is tried again. */
  readonly isTold: boolean;
  /** The device that it is, if it is one, and how many changes there had been when it was asked for. */
  readonly device: string | undefined;
  readonly changes: number;
}

/** About 300 bytes each. */
const sourcesMax = 10_000;
/** Devices whose changes are told apart. */
const changedMax = 10_000;
