/**
 * Topics that the server sends to one client by number, in place of their names [MQTT-3.3.2-8]. Numbers go to the
 * first topics that come. Where all are given out, one that has not been used for long is given to a topic that comes the
 * second time; others go by name as before, rather than numbers changing all the time.
 */
export class AliasesOut {
  readonly #max: number;
  readonly #known = new Map<string, Alias>();
  /** Topics that came once when all numbers were given out. */
  readonly #seen = new Set<string>();
  readonly #given: Alias[] = [];
  #characters = 0;
  #sends = 0;
  #hand = 0;

  /** `max`: the client's Topic Alias Maximum, or less. */
  constructor(max: number) {
    this.#max = max;
  }

  /** What to send in place of the topic; undefined where it goes by name. With `isNew` the name goes along. */
  of(topic: string): Alias | undefined {
    this.#sends++;
    const known = this.#known.get(topic);
    if (known === undefined) return this.#learn(topic);
    known.isNew = false;
    known.usedAt = this.#sends;
    return known;
  }

  #learn(topic: string): Alias | undefined {
    if (topic.length < topicCharactersMin || topic.length > topicCharactersMax) return undefined;
    if (!this.#hasNumberFor(topic) && !this.#seen.delete(topic)) {
      if (this.#seen.size >= seenMax) this.#seen.clear();
      this.#seen.add(topic);
      return undefined;
    }
    return this.#place(topic);
  }

  #hasNumberFor(topic: string): boolean {
    return this.#given.length < this.#max && this.#characters + topic.length <= charactersMax;
  }

  #place(topic: string): Alias | undefined {
    if (this.#hasNumberFor(topic)) {
      const alias = new Alias(this.#given.length + 1);
      this.#given.push(alias);
      return this.#give(alias, topic);
    }
    if (this.#given.length === 0) return undefined;
    this.#hand = (this.#hand + 1) % this.#given.length;
    const alias = this.#given[this.#hand];
    const characters = this.#characters - alias.topic.length + topic.length;
    if (this.#sends - alias.usedAt < sendsUnused || characters > charactersMax) return undefined;
    this.#known.delete(alias.topic);
    this.#characters -= alias.topic.length;
    return this.#give(alias, topic);
  }

  #give(alias: Alias, topic: string): Alias {
    alias.topic = topic;
    alias.isNew = true;
    alias.usedAt = this.#sends;
    this.#characters += topic.length;
    this.#known.set(topic, alias);
    return alias;
  }
}

class Alias {
  topic = '';
  isNew = true;
  usedAt = 0;
  /** For messages without properties of their own, so that none are made for each. */
  readonly properties: { readonly topicAlias: number };

  constructor(number: number) {
    this.properties = { topicAlias: number };
  }
}

/** Three bytes say the number: a shorter topic costs less than its alias. */
const topicCharactersMin = 4;
const topicCharactersMax = 1_024;
/** All topics with a number together. */
const charactersMax = 16 * 1_024;
const seenMax = 64;
/** A number that so many messages did without may be given to another topic. */
const sendsUnused = 1_000;
