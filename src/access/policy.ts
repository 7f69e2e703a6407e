import { filterCovers, filterMatches, filtersOverlap } from '../mqtt/topics/match.ts';
import type { AccessRule } from './access.ts';
import { filledFilter, type RuleValues } from './rule-template.ts';

/** What one connection remembers of its decisions; beyond either the memory starts afresh. Most clients publish to a handful of topics. */
const decisionsMax = 256;
const decisionCharactersMax = 16 * 1024;

/** What one client may do: the first rule that matches decides, and where none does it may not. */
export class Policy {
  readonly #publish: readonly FilledRule[];
  readonly #subscribe: readonly FilledRule[];
  readonly #mayPublish = new Map<string, boolean>();
  #charactersKept = 0;

  constructor(rules: readonly AccessRule[], values: RuleValues) {
    this.#publish = filled('publish', rules, values);
    this.#subscribe = filled('subscribe', rules, values);
  }

  mayPublish(topic: string): boolean {
    const known = this.#mayPublish.get(topic);
    if (known !== undefined) return known;
    const allowed = this.#publish.find(({ filter }) => filterMatches(filter, topic))?.allows ?? false;
    this.#remember(topic, allowed);
    return allowed;
  }

  /**
   * Whether everything that the filter can match may be read: one rule that allows covers all of it, and none before it
   * denies a part. Two rules that cover it together are not put together.
   */
  maySubscribe(asked: string): boolean {
    for (const { allows, filter } of this.#subscribe) {
      if (allows && filterCovers(filter, asked)) return true;
      if (!allows && filtersOverlap(filter, asked)) return false;
    }
    return false;
  }

  #remember(topic: string, allowed: boolean): void {
    if (topic.length > decisionCharactersMax) return;
    if (this.#mayPublish.size >= decisionsMax || this.#charactersKept + topic.length > decisionCharactersMax) {
      this.#mayPublish.clear();
      this.#charactersKept = 0;
    }
    this.#mayPublish.set(topic, allowed);
    this.#charactersKept += topic.length;
  }
}

interface FilledRule {
  readonly allows: boolean;
  readonly filter: string;
}

function filled(action: 'publish' | 'subscribe', rules: readonly AccessRule[], values: RuleValues): FilledRule[] {
  const found: FilledRule[] = [];
  for (const rule of rules) {
    if (rule.action !== action && rule.action !== 'all') continue;
    const allows = rule.effect !== 'deny';
    const filter = filledFilter(rule.filter, values, allows ? 'nothing' : 'everything below');
    if (filter !== undefined) found.push({ allows, filter });
  }
  return found;
}
