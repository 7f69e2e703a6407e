import { isJsonObject } from '../std/json.ts';
import type { AccessRule } from './access.ts';
import { checkRule } from './rule-template.ts';

/** Rules that one identity may bring. */
const rulesMax = 256;

/**
 * Rules that someone else gives for an identity: a token's claims, or what an authenticator answers. `rules` are as in the
 * configuration; behind them `publish` and `subscribe` are lists of filters that are allowed. Undefined where none of the
 * three is there. Throws where one is not what it should be.
 */
export function givenRules(from: Readonly<Record<string, unknown>>, owner: string): readonly AccessRule[] | undefined {
  const { rules, publish, subscribe } = from;
  if (rules === undefined && publish === undefined && subscribe === undefined) return undefined;
  const given = [
    ...listOf(rules, 'rules').map(readRule),
    ...listOf(publish, 'publish').map((filter) => allowed('publish', filter)),
    ...listOf(subscribe, 'subscribe').map((filter) => allowed('subscribe', filter)),
  ];
  if (given.length > rulesMax) throw new Error(`Expected at most ${rulesMax} rules, met ${given.length}`);
  for (const rule of given) checkRule(rule, owner);
  return given;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`Expected a list in "${name}", met ${typeof value}`);
}

function readRule(value: unknown): AccessRule {
  if (!isJsonObject(value)) throw new Error(`Expected an object for a rule, met ${typeof value}`);
  const { effect = 'allow', action, filter, ...others } = value;
  const [unknown] = Object.keys(others);
  // A field that is not understood could have made the rule narrower.
  if (unknown !== undefined) throw new Error(`Expected a rule of effect, action and filter, met ${unknown}`);
  if (effect !== 'allow' && effect !== 'deny') throw new Error(`Expected effect "allow" or "deny", met ${effect}`);
  if (action !== 'publish' && action !== 'subscribe' && action !== 'all')
    throw new Error(`Expected action "publish", "subscribe" or "all", met ${action}`);
  return { effect, action, filter: text(filter) };
}

function allowed(action: 'publish' | 'subscribe', filter: unknown): AccessRule {
  return { action, filter: text(filter) };
}

function text(filter: unknown): string {
  if (typeof filter === 'string') return filter;
  throw new Error(`Expected a topic filter, met ${typeof filter}`);
}
