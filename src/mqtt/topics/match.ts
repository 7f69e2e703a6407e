const slash = 0x2f;
const plus = 0x2b;
const hash = 0x23;
const dollar = 0x24;

/** Whether a valid plain filter matches a valid topic name (MQTT 5, section 4.7). Allocates nothing. */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.charCodeAt(0) === dollar && startsWithWildcard(filter)) return false; // [MQTT-4.7.2-1]
  let at = 0;
  let level = 0;
  for (;;) {
    const code = filter.charCodeAt(at);
    if (code === hash) return true;
    const topicEnd = levelEnd(topic, level);
    const filterEnd = levelEnd(filter, at);
    if (code !== plus && !sameText(filter, at, filterEnd, topic, level, topicEnd)) return false;
    if (topicEnd === topic.length) return endsHere(filter, filterEnd);
    if (filterEnd === filter.length) return false;
    at = filterEnd + 1;
    level = topicEnd + 1;
  }
}

/**
 * Whether every topic that `inner` matches is matched by `outer` too: whoever may read `outer` may read `inner`. Both are
 * valid plain filters. True is always right; false is right but for the parent of "/#", the empty topic, which it asks for too.
 */
export function filterCovers(outer: string, inner: string): boolean {
  if (inner.charCodeAt(0) === dollar && startsWithWildcard(outer)) return false; // [MQTT-4.7.2-1]
  // "#" and "+/#" match the same: every topic has a first level. Further down '#' matches the parent too, and '+/#' does not.
  if (inner === '#') return outer === '#' || outer === '+/#';
  let outerAt = 0;
  let innerAt = 0;
  for (;;) {
    const outerCode = outer.charCodeAt(outerAt);
    if (outerCode === hash) return true;
    if (inner.charCodeAt(innerAt) === hash) return false;
    const outerEnd = levelEnd(outer, outerAt);
    const innerEnd = levelEnd(inner, innerAt);
    if (outerCode !== plus && !sameText(outer, outerAt, outerEnd, inner, innerAt, innerEnd)) return false;
    if (innerEnd === inner.length) return endsHere(outer, outerEnd);
    if (outerEnd === outer.length) return false;
    outerAt = outerEnd + 1;
    innerAt = innerEnd + 1;
  }
}

/** Whether there can be a topic that both filters match. Both are valid plain filters. */
export function filtersOverlap(a: string, b: string): boolean {
  // [MQTT-4.7.2-1]
  if (startsWithWildcard(a) && b.charCodeAt(0) === dollar) return false;
  if (startsWithWildcard(b) && a.charCodeAt(0) === dollar) return false;
  let aAt = 0;
  let bAt = 0;
  for (;;) {
    const aCode = a.charCodeAt(aAt);
    const bCode = b.charCodeAt(bAt);
    if (aCode === hash || bCode === hash) return true;
    const aEnd = levelEnd(a, aAt);
    const bEnd = levelEnd(b, bAt);
    if (aCode !== plus && bCode !== plus && !sameText(a, aAt, aEnd, b, bAt, bEnd)) return false;
    if (aEnd === a.length) return endsHere(b, bEnd);
    if (bEnd === b.length) return endsHere(a, aEnd);
    aAt = aEnd + 1;
    bAt = bEnd + 1;
  }
}

/** Whether a filter whose current level ends at `end` matches a topic that ends with this level: "a/#" matches "a" [MQTT-4.7.1-1]. */
function endsHere(filter: string, end: number): boolean {
  return end === filter.length || (end + 2 === filter.length && filter.charCodeAt(end + 1) === hash);
}

function startsWithWildcard(filter: string): boolean {
  const code = filter.charCodeAt(0);
  return code === plus || code === hash;
}

function levelEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && text.charCodeAt(end) !== slash) end++;
  return end;
}

function sameText(a: string, aStart: number, aEnd: number, b: string, bStart: number, bEnd: number): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let at = aStart, other = bStart; at < aEnd; at++, other++) {
    if (a.charCodeAt(at) !== b.charCodeAt(other)) return false;
  }
  return true;
}
