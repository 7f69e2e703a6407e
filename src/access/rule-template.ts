import { SluiceError } from '../errors.ts';
import { topicFilterProblem } from '../mqtt/topics/names.ts';
import type { AccessRule } from './access.ts';

/** Who the names in a rule's filter stand for. A rule with a name that has no value here matches nothing. */
export type RuleValues = Readonly<Record<RuleName, string | undefined>>;

const ruleNames = ['clientId', 'username', 'deviceId', 'deviceType'] as const;
type RuleName = (typeof ruleNames)[number];

const placeholder = /\$\{([^}]*)\}/g;

/** The rule's filter with the values filled in; undefined where a value is missing, or could change what the filter matches. */
export function filledFilter(filter: string, values: RuleValues): string | undefined {
  let fit = true;
  const filled = filter.replace(placeholder, (_, name: RuleName) => {
    const value = values[name];
    if (value === undefined || !isPlainLevel(value)) fit = false;
    return value ?? '';
  });
  return fit && topicFilterProblem(filled) === undefined ? filled : undefined;
}

/** Throws `invalid_argument` where the filter of a configured rule could never be valid. `owner` is named in the message. */
export function checkRule(rule: AccessRule, owner: string): void {
  for (const [, name] of rule.filter.matchAll(placeholder)) {
    if (ruleNames.includes(name as RuleName)) continue;
    throw new SluiceError(
      'invalid_argument',
      `Cannot use rule ${JSON.stringify(rule.filter)} of ${owner}: it knows \${${ruleNames.join('}, ${')}}, not \${${name}}`,
    );
  }
  // Shared subscriptions are asked for by the filter inside them.
  const shared = rule.filter.startsWith('$share/')
    ? "a rule takes the filter without '$share/' and the group"
    : undefined;
  const problem = shared ?? topicFilterProblem(rule.filter.replace(placeholder, 'x'));
  if (problem === undefined) return;
  throw new SluiceError('invalid_argument', `Cannot use rule ${JSON.stringify(rule.filter)} of ${owner}: ${problem}`);
}

/** A client names itself, so its name must not bring levels or wildcards, nor reach the server's own `$` topics. */
function isPlainLevel(value: string): boolean {
  return value !== '' && !value.startsWith('$') && !/[/+#\0]/.test(value);
}
