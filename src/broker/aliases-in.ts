import { LazyMap } from '../std/lazy-map.ts';
import type { KnownTopic } from './topic-cache.ts';

/** Topics by alias, as one client set them. All of their names together have a bound: each may be as long as MQTT can say. */
export class AliasesIn {
  readonly #topics = new LazyMap<number, KnownTopic>();
  #characters = 0;

  get(alias: number): KnownTopic | undefined {
    return this.#topics.get(alias);
  }

  /** In place of the one that it stood for. False where the names would be more than `charactersMax` together: then nothing changes. */
  set(alias: number, known: KnownTopic, charactersMax: number): boolean {
    const before = this.#topics.get(alias)?.topic.length ?? 0;
    const characters = this.#characters - before + known.topic.length;
    if (characters > charactersMax) return false;
    this.#characters = characters;
    this.#topics.set(alias, known);
    return true;
  }

  /** Whether each may be published to is decided anew. */
  decide(mayPublish: (topic: string) => boolean): void {
    for (const [alias, known] of this.#topics) {
      const allowed = known.problem === undefined && mayPublish(known.topic);
      this.#topics.set(alias, { ...known, allowed });
    }
  }
}
