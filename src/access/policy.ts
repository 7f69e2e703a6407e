import { filterCovers, filterMatches, filtersOverlap } from '../mqtt/topics/match.ts';
import type { AccessRule } from './access.ts';
import { filledFilter, type RuleValues } from './rule-template.ts';

/** What one connection remembers of its decisions; beyond either the memory starts afresh. Most clients publish to a handful of topics, and are owed messages of as few. */
const decisionsMax = 256;
const decisionCharactersMax = 16 * 1024;

/** Which rules count for a client, and what holds where none of them decides. */
export interface PolicyScope {
  concerns(rule: AccessRule): boolean;
  otherwise(topicOrFilter: string): boolean;
  /** For whom the client speaks there, beside itself: a rule matches that does so for either. Absent: for nobody. */
  speaksFor?(topicOrFilter: string): RuleValues | undefined;
}

const everyRule: PolicyScope = { concerns: () => true, otherwise: () => false };

/**
 * What one client may do: the first rule that matches decides, and where none does it may not. Holds no rules of its own but
 * points to the lists that others use too, so that a long list costs once and not for every connection.
 */
export class Policy {
  readonly #lists: readonly (readonly AccessRule[])[];
  readonly #scope: PolicyScope;
  readonly #values: RuleValues;
  readonly #mayPublish = new Decisions();
  readonly #maySubscribe = new Decisions();

  /** `lists` one after the other. */
  constructor(lists: readonly (readonly AccessRule[])[], values: RuleValues, scope: PolicyScope = everyRule) {
    this.#lists = lists;
    this.#values = values;
    this.#scope = scope;
  }

  mayPublish(topic: string): boolean {
    return (
      this.#mayPublish.about(topic) ??
      this.#mayPublish.remember(
        topic,
        this.#decide('publish', topic, (_, filter) => filterMatches(filter, topic)),
      )
    );
  }

  /**
   * Whether everything that the filter can match may be read: one rule that allows covers all of it, and none before it
   * denies a part. Two rules that cover it together are not put together.
   */
  maySubscribe(asked: string): boolean {
    return (
      this.#maySubscribe.about(asked) ??
      this.#maySubscribe.remember(
        asked,
        this.#decide('subscribe', asked, (allows, filter) =>
          allows ? filterCovers(filter, asked) : filtersOverlap(filter, asked),
        ),
      )
    );
  }

  #decide(
    action: 'publish' | 'subscribe',
    asked: string,
    matches: (allows: boolean, filter: string) => boolean,
  ): boolean {
    const other = this.#scope.speaksFor?.(asked);
    for (const list of this.#lists) {
      for (const rule of list) {
        if ((rule.action !== action && rule.action !== 'all') || !this.#scope.concerns(rule)) continue;
        const allows = rule.effect !== 'deny';
        const matchesFor = (values: RuleValues): boolean => {
          const filter = filled(rule.filter, values, allows);
          return filter !== undefined && matches(allows, filter);
        };
        if (matchesFor(this.#values) || (other !== undefined && matchesFor(other))) return allows;
      }
    }
    return this.#scope.otherwise(asked);
  }
}

/** What was decided of topics or filters. */
class Decisions {
  /** Many connections only do the one or the other. */
  #known: Map<string, boolean> | undefined;
  #characters = 0;

  about(asked: string): boolean | undefined {
    return this.#known?.get(asked);
  }

  remember(asked: string, allowed: boolean): boolean {
    if (asked.length > decisionCharactersMax) return allowed;
    this.#known ??= new Map();
    if (this.#known.size >= decisionsMax || this.#characters + asked.length > decisionCharactersMax) {
      this.#known.clear();
      this.#characters = 0;
    }
    this.#known.set(asked, allowed);
    this.#characters += asked.length;
    return allowed;
  }
}

function filled(filter: string, values: RuleValues, allows: boolean): string | undefined {
  if (!filter.includes('${')) return filter;
  return filledFilter(filter, values, allows ? 'nothing' : 'everything below');
}
