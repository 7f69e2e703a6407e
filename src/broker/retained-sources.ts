import type { Access, Identity } from '../access/access.ts';
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

  constructor(access: Access, log: Log) {
    this.#access = access;
    this.#log = log;
  }

  /** Somebody may do more, or less, than before. */
  forget(): void {
    this.#known = new RecentMap(sourcesMax);
    this.#asked = new Map();
  }

  /** Whether who published it may do so still; undefined where that is being looked up. What the server says itself stands. */
  mayStill({ source, publisher, topic }: Publication): boolean | undefined {
    if (source === undefined) return true;
    const known = this.#known.get(source) ?? this.#ask(source);
    if (known === undefined) return undefined;
    return known !== nobody && this.#access.mayPublish(known, publisher, topic);
  }

  /** When everything that was asked by now is known. Never rejects. */
  async answered(): Promise<void> {
    await Promise.all(this.#asked.values());
  }

  /** Undefined where the answer takes its time. */
  #ask(source: string): Identity | typeof nobody | undefined {
    if (this.#asked.has(source)) return undefined;
    // Of what changes meanwhile another one is asked.
    const known = this.#known;
    const asked = this.#asked;
    try {
      const answer = this.#access.ofSource(source);
      if (!(answer instanceof Promise)) return keep(known, source, answer);
      const told = answer.then(
        (identity) => keep(known, source, identity),
        (problem) => this.#withhold(known, source, problem),
      );
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
  #withhold(known: Known, source: string, problem: unknown): typeof nobody {
    this.#log.error('Cannot tell who had messages retained: they greet nobody', { source, error: problem });
    known.set(source, nobody);
    return nobody;
  }
}

type Known = RecentMap<string, Identity | typeof nobody>;

function keep(known: Known, source: string, identity: Identity | undefined): Identity | typeof nobody {
  const found = identity ?? nobody;
  known.set(source, found);
  return found;
}

const nobody = Symbol('nobody');

/** About 300 bytes each. */
const sourcesMax = 10_000;
