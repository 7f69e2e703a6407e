import { filterCovers, filterMatches } from '../mqtt/topics/match.ts';
import type { AccessRule, Identity } from './access.ts';
import { deviceFilter, isDeviceId } from './device-topics.ts';
import { filledFilter } from './rule-template.ts';

/** Decisions that one connection remembers; beyond it the memory starts afresh. Most clients publish to a handful of topics. */
const decisionsMax = 256;

/** What one identity may do under one client id. */
export class Policy {
  readonly clientId: string;
  readonly #publish: readonly string[];
  readonly #subscribe: readonly string[];
  readonly #mayPublish = new Map<string, boolean>();

  constructor(identity: Identity, clientId: string) {
    this.clientId = clientId;
    const rules = isUnlimited(identity) ? [] : rulesOf(identity, clientId);
    this.#publish = filtersFor('publish', rules);
    this.#subscribe = filtersFor('subscribe', rules);
  }

  mayPublish(topic: string): boolean {
    let allowed = this.#mayPublish.get(topic);
    if (allowed === undefined) {
      allowed = this.#publish.some((filter) => filterMatches(filter, topic));
      if (this.#mayPublish.size >= decisionsMax) this.#mayPublish.clear();
      this.#mayPublish.set(topic, allowed);
    }
    return allowed;
  }

  /** One rule must cover the whole filter; two that cover it together are not put together. */
  maySubscribe(filter: string): boolean {
    return this.#subscribe.some((allowed) => filterCovers(allowed, filter));
  }
}

/** Whether everything is allowed to this identity. */
export function isUnlimited(identity: Identity): boolean {
  return identity.kind === 'anonymous' || (identity.kind === 'user' && identity.admin);
}

function rulesOf(identity: Identity, clientId: string): AccessRule[] {
  if (identity.kind === 'device') {
    return isDeviceId(identity.name) ? [{ action: 'all', filter: deviceFilter(identity.name) }] : [];
  }
  if (identity.kind === 'anonymous') return [];
  const values = { clientId, username: identity.name, deviceId: undefined, deviceType: undefined };
  const filled: AccessRule[] = [];
  for (const rule of identity.rules) {
    const filter = filledFilter(rule.filter, values);
    if (filter !== undefined) filled.push({ action: rule.action, filter });
  }
  return filled;
}

function filtersFor(action: 'publish' | 'subscribe', rules: readonly AccessRule[]): string[] {
  return rules.filter((rule) => rule.action === action || rule.action === 'all').map((rule) => rule.filter);
}
