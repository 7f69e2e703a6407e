/** Where text stops being JSON: 1-based, columns in UTF-16 units. */
export interface JsonProblem {
  readonly line: number;
  readonly column: number;
  /** Completes "expected …". */
  readonly expected: string;
}

/**
 * Finds the first place where `text` is not JSON (RFC 8259); undefined where it is. `JSON.parse` names the place only for
 * some mistakes, so this reads the text a second time once it was refused.
 */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const scan: Scan = { text, at: 0 };
  const expected = scanValue(scan) ?? scanEnd(scan);
  if (expected === undefined) return undefined;
  const before = text.slice(0, scan.at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, expected };
}

interface Scan {
  readonly text: string;
  at: number;
}

/** Each scanner answers undefined and moves behind what it read, or answers what it expected at `at`. */
type Expected = string | undefined;

const space = /[ \t\r\n]*/y;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON strings hold no control characters
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

function scanValue(scan: Scan): Expected {
  skip(scan, space);
  switch (scan.text[scan.at]) {
    case '{':
      return scanList(scan, '}', scanMember);
    case '[':
      return scanList(scan, ']', scanValue);
    case '"':
      return skip(scan, string) ? undefined : 'a string that ends on its line';
    default:
      return skip(scan, scalar) ? undefined : 'a value';
  }
}

function scanList(scan: Scan, close: string, item: (scan: Scan) => Expected): Expected {
  scan.at++;
  if (next(scan) === close) {
    scan.at++;
    return undefined;
  }
  for (;;) {
    const expected = item(scan);
    if (expected !== undefined) return expected;
    const separator = next(scan);
    if (separator !== ',' && separator !== close) return `"," or "${close}"`;
    scan.at++;
    if (separator === close) return undefined;
  }
}

function scanMember(scan: Scan): Expected {
  skip(scan, space);
  if (!skip(scan, string)) return 'a name in double quotes';
  if (next(scan) !== ':') return '":"';
  scan.at++;
  return scanValue(scan);
}

function scanEnd(scan: Scan): Expected {
  return next(scan) === undefined ? undefined : 'the end';
}

function next(scan: Scan): string | undefined {
  skip(scan, space);
  return scan.text[scan.at];
}

function skip(scan: Scan, pattern: RegExp): boolean {
  pattern.lastIndex = scan.at;
  const found = pattern.exec(scan.text);
  if (found === null) return false;
  scan.at += found[0].length;
  return true;
}
