/**
 * A script's code, with a space in the place of each comment and text. A rough look: a quotation mark in a regular expression begins a
 * text as well. It runs outside of any time box, so no character is gone through more than a few times, whatever the script is.
 */
export function codeOf(source: string): string {
  const noEndBefore = new Map<string, number>();
  let code = '';
  let copied = 0;
  const marks = new RegExp(mark);
  for (let found = marks.exec(source); found !== null; found = marks.exec(source)) {
    const { 0: kind, index } = found;
    if (index < (noEndBefore.get(kind) ?? 0)) continue;
    const end = endOf(kind, source, index);
    if (end.isOpen) noEndBefore.set(kind, end.at);
    else {
      code += `${source.slice(copied, index)} `;
      copied = end.at;
      marks.lastIndex = end.at;
    }
  }
  return code + source.slice(copied);
}

const mark = /\/[*/]|<!--|["'`]/g;

interface End {
  readonly at: number;
  /** It has none: what begins there is none of its kind, nor is what begins with the same mark before `at`. */
  readonly isOpen: boolean;
}

function endOf(kind: string, source: string, start: number): End {
  if (kind === '/*') {
    const close = source.indexOf('*/', start + 2);
    return close < 0 ? { at: source.length, isOpen: true } : { at: close + 2, isOpen: false };
  }
  const inner = new RegExp(innerOf[kind] ?? restOfLine);
  inner.lastIndex = start + kind.length;
  inner.exec(source);
  const { lastIndex } = inner;
  if (innerOf[kind] === undefined) return { at: lastIndex, isOpen: false };
  return source[lastIndex] === kind ? { at: lastIndex + 1, isOpen: false } : { at: lastIndex, isOpen: true };
}

const restOfLine = /.*/y;
/** What stands in a text that begins with this mark. */
const innerOf: Readonly<Record<string, RegExp | undefined>> = {
  '"': /(?:[^"\\\n]|\\[\s\S])*/y,
  "'": /(?:[^'\\\n]|\\[\s\S])*/y,
  '`': /(?:[^`\\]|\\[\s\S])*/y,
};
