/** FNV-1a over UTF-16 units, 32 bits, signed. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the answer. 32 bits, unsigned. */
export function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** 48 bits, from 1 up. */
export function hash48Of(text: string): number {
  const low = hashOf(text);
  let high = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) high = Math.imul((high ^ text.charCodeAt(i)) + (high << 7), 0x85ebca6b);
  return Math.max(1, (mixed(high) & 0xffff) * 2 ** 32 + mixed(low ^ mixed(high)));
}

/**
 * The one of those who share something that a key belongs to: whose hash together with the key's is highest, so that one who
 * comes or goes moves only the keys that it takes or leaves behind. Undefined where nobody is fit.
 */
export function ownerOf<T extends { readonly hash: number }>(
  all: Iterable<T>,
  key: number,
  isFit: (one: T) => boolean,
): T | undefined {
  let best: T | undefined;
  let highest = -1;
  for (const one of all) {
    const score = mixed(key ^ one.hash);
    if (score <= highest || !isFit(one)) continue;
    best = one;
    highest = score;
  }
  return best;
}
