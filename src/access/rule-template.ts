import { SluiceError } from '../errors.ts';
import { topicFilterProblem } from '../mqtt/topics/names.ts';
import type { AccessRule } from './access.ts';

/** Who the names in a rule's filter stand for. A rule with a name that has no value here matches nothing. */
export interface RuleValues extends Readonly<Record<RuleName, string | undefined>> {
  /** Of the device. `unknown`: it may have any. */
  readonly attributes?: Readonly<Record<string, string>> | 'unknown';
}

const ruleNames = ['clientId', 'username', 'deviceId', 'deviceType'] as const;
type RuleName = (typeof ruleNames)[number];

const attributePrefix = 'attributes.';

const placeholder = /\$\{([^}]*)\}/g;

/**
 * The rule's filter with the values filled in; undefined where a value is missing. A value that could change what the filter
 * matches is not filled in: a rule that allows then matches nothing, and one that denies everything below what stands in
 * front, since who picks a strange name must not escape it.
 */
export function filledFilter(
  filter: string,
  values: RuleValues,
  strange: 'nothing' | 'everything below',
): string | undefined {
  let missing = false;
  let strangeAt: number | undefined;
  const filled = filter.replace(placeholder, (_, name: string, at: number) => {
    const value = filledIn(name, values);
    missing ||= value === undefined;
    if (value !== undefined && !isPlainLevel(value)) strangeAt ??= at;
    return value ?? '';
  });
  if (missing) return undefined;
  if (strangeAt === undefined && topicFilterProblem(filled) === undefined) return filled;
  return strange === 'nothing' ? undefined : everythingBelow(filter, strangeAt ?? filter.indexOf('${'), values);
}

function filledIn(name: string, values: RuleValues): string | undefined {
  if (!name.startsWith(attributePrefix)) return values[name as RuleName];
  const { attributes = {} } = values;
  if (attributes === 'unknown') return anyValue;
  const attribute = name.slice(attributePrefix.length);
  return Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
}

/** No plain level: a rule that allows matches nothing by it, and one that denies everything that it could. */
const anyValue = '#';

/** The levels in front of the one at `at`, in which every value is plain, and all that begins with them. */
function everythingBelow(filter: string, at: number, values: RuleValues): string {
  const front = filter.slice(0, filter.lastIndexOf('/', at) + 1);
  return `${front.replace(placeholder, (_, name: string) => filledIn(name, values) ?? '')}#`;
}

/** Throws `invalid_argument` where the filter of a configured rule could never be valid. `owner` is named in the message. */
export function checkRule(rule: AccessRule, owner: string): void {
  for (const [, name] of rule.filter.matchAll(placeholder)) {
    if (ruleNames.includes(name as RuleName) || /^attributes\../.test(name)) continue;
    throw new SluiceError(
      'invalid_argument',
      `Cannot use rule ${JSON.stringify(rule.filter)} of ${owner}: it knows \${${ruleNames.join('}, ${')}} and \${attributes.<name>}, not \${${name}}`,
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
