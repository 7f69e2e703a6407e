/** Longest topic name or filter in bytes: the length in front of an MQTT string has two bytes (MQTT 5, section 1.5.4). */
export const topicBytesMax = 65_535;

/** Most levels in a topic name or filter: 200 slashes, as many as Mosquitto takes. The matching index recurses once a level, so this also bounds its stack. */
export const topicLevelsMax = 201;

const sharedPrefix = '$share/';

export interface SharedFilter {
  readonly group: string;
  /** The filter proper, without `$share/` and the group. */
  readonly filter: string;
}

/** What is wrong with a topic name, as a sentence; undefined where it is valid (MQTT 5, section 4.7.3). */
export function topicNameProblem(topic: string, levelsMax = topicLevelsMax): string | undefined {
  const problem = textProblem(topic, 'topic name', levelsMax);
  if (problem !== undefined) return problem;
  // [MQTT-3.3.2-2]
  const wildcard = topic.includes('#') ? '#' : topic.includes('+') ? '+' : undefined;
  if (wildcard !== undefined) return `A topic name takes no wildcards: ${quoted(topic)} contains '${wildcard}'`;
  return undefined;
}

/** What is wrong with a topic filter, plain or shared, as a sentence; undefined where it is valid. */
export function topicFilterProblem(filter: string, levelsMax = topicLevelsMax): string | undefined {
  if (!filter.startsWith(sharedPrefix))
    return textProblem(filter, 'topic filter', levelsMax) ?? wildcardProblem(filter);
  const problem = sharedFormProblem(filter) ?? bytesProblem(filter, 'topic filter');
  return problem ?? topicFilterProblem((parseShared(filter) as SharedFilter).filter, levelsMax);
}

/** What is wrong with the form of a filter that begins as a shared one; undefined for every other. */
export function sharedFormProblem(filter: string): string | undefined {
  if (!filter.startsWith(sharedPrefix) || parseShared(filter) !== undefined) return undefined;
  return `A shared filter is $share/GROUP/FILTER, the group without '+' and '#' [MQTT-4.8.2-2]: ${quoted(filter)} is not`;
}

/** The parts of `$share/group/filter`; undefined where the filter does not have that form [MQTT-4.8.2-1]. The inner filter is not checked. */
export function parseShared(filter: string): SharedFilter | undefined {
  if (!filter.startsWith(sharedPrefix)) return undefined;
  const groupEnd = filter.indexOf('/', sharedPrefix.length);
  if (groupEnd <= sharedPrefix.length || groupEnd === filter.length - 1) return undefined;
  const group = filter.slice(sharedPrefix.length, groupEnd);
  if (group.includes('+') || group.includes('#')) return undefined;
  return { group, filter: filter.slice(groupEnd + 1) };
}

/** Whether a valid filter is a shared one. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(sharedPrefix);
}

/** The filter that topics are matched with: without `$share/` and the group, where it is shared. */
export function matchedFilter(filter: string): string {
  return parseShared(filter)?.filter ?? filter;
}

function textProblem(text: string, kind: string, levelsMax: number): string | undefined {
  if (text === '') return `A ${kind} has at least one character [MQTT-4.7.3-1]: this one is empty`;
  const tooLong = bytesProblem(text, kind);
  if (tooLong !== undefined) return tooLong;
  if (text.includes('\0')) return `A ${kind} holds no U+0000 [MQTT-4.7.3-2]: ${quoted(text)} does`;
  if (!text.isWellFormed())
    return `A ${kind} is valid Unicode [MQTT-1.5.4-1]: ${quoted(text)} holds half a surrogate pair`;
  return levelsProblem(text, kind, levelsMax);
}

/** What is wrong with the number of levels, as a sentence. */
export function levelsProblem(text: string, kind: string, levelsMax = topicLevelsMax): string | undefined {
  const levels = levelCount(text);
  return levels > levelsMax ? `A ${kind} has at most ${levelsMax} levels: ${quoted(text)} has ${levels}` : undefined;
}

function bytesProblem(text: string, kind: string): string | undefined {
  // A UTF-16 unit takes at most three bytes, so that most strings need no count.
  if (text.length * 3 <= topicBytesMax) return undefined;
  const bytes = Buffer.byteLength(text);
  if (bytes <= topicBytesMax) return undefined;
  return `A ${kind} has at most ${topicBytesMax} bytes [MQTT-4.7.3-3]: ${quoted(text)} has ${bytes}`;
}

/** What is wrong with the places of the wildcards in a filter. */
export function wildcardProblem(filter: string): string | undefined {
  for (let at = 0; at < filter.length; at++) {
    const character = filter[at];
    if (character !== '#' && character !== '+') continue;
    const alone = (at === 0 || filter[at - 1] === '/') && (at + 1 === filter.length || filter[at + 1] === '/');
    if (character === '+' && !alone)
      return `'+' stands alone in its level [MQTT-4.7.1-2]: in ${quoted(filter)} it does not`;
    if (character === '#' && !(alone && at + 1 === filter.length)) {
      return `'#' stands alone in the last level [MQTT-4.7.1-1]: in ${quoted(filter)} it does not`;
    }
  }
  return undefined;
}

function levelCount(text: string): number {
  let levels = 1;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) levels++;
  return levels;
}

const quotedCharactersMax = 80;

function quoted(text: string): string {
  return JSON.stringify(text.length <= quotedCharactersMax ? text : `${text.slice(0, quotedCharactersMax)}…`);
}
