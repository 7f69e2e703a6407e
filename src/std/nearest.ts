/**
 * The known names that are most like `name`: one of them, or all those of which `name` is a part with a slip or none
 * (`--prot` for `--mqtt-port` and `--http-port`). None where none is like it.
 */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  const names = [...known];
  const bare = withoutDashes(name);
  const whole = closest(bare, names, Math.max(1, Math.floor(bare.length / 3)), (each) => [withoutDashes(each)]);
  const partly = closest(bare, names, Math.min(2, Math.floor(bare.length / 3)), partsOf);
  return partly.distance < whole.distance ? partly.names.slice(0, suggestionsMax) : whole.names.slice(0, 1);
}

/** The end of a sentence about an unknown name. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const found = nearest(name, known).map((each) => `"${each}"`);
  return found.length === 0 ? '' : `; did you mean ${found.join(' or ')}?`;
}

const suggestionsMax = 3;

interface Closest {
  readonly names: readonly string[];
  readonly distance: number;
}

function closest(
  name: string,
  known: readonly string[],
  distanceMax: number,
  formsOf: (known: string) => readonly string[],
): Closest {
  let names: string[] = [];
  let distance = distanceMax;
  for (const candidate of known) {
    const found = Math.min(...formsOf(candidate).map((form) => editDistance(name.toLowerCase(), form.toLowerCase())));
    if (found > distance) continue;
    if (found < distance) names = [];
    names.push(candidate);
    distance = found;
  }
  return { names, distance: names.length === 0 ? Number.POSITIVE_INFINITY : distance };
}

function withoutDashes(name: string): string {
  return name.replace(/^-+/, '');
}

function partsOf(name: string): readonly string[] {
  return withoutDashes(name).split(/[-.]/);
}

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each 1. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = last[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(last[column] + 1, current[column - 1] + 1, substitution);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2] + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length];
}
