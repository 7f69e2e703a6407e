/** What a script gives to a class of the language: `String.prototype.twice = …` is `String` and `twice`. */
export type GivenName = readonly [kind: string, name: string];

/** Names that a script gives to prototypes and that no message can have asked for, or have listed, before it assigns them. */
export function namesUnasked(source: string): readonly GivenName[] {
  if (asks.test(source)) return namesGivenFirst(source);
  const given = Array.from(
    source.matchAll(/\b(\w+)\s*\.\s*prototype\s*\.\s*([\w$]+)\s*=(?!=)/g),
    ([, kind, name]) => [kind, name] as const,
  );
  return ofTheLanguage(given, source);
}

/** Whether there is such a name, which names there are, or what has all of them. */
const asks = /\bin\b|\bhas|keys|entries|values|getOwn|ownKeys|Reflect|Proxy|\bassign\b|\.{3}|IsEnumerable|__/i;

/**
 * Names that a script gives to prototypes before anything of it runs: no message can have asked whether they are there, or listed
 * them, before it assigns them. Only functions and plain values may stand before. What is not sure to be inert ends the look.
 */
export function namesGivenFirst(source: string): readonly GivenName[] {
  const given: GivenName[] = [];
  if (!source.includes('prototype')) return given;
  const pieces = piecesOf(source);
  let before: readonly string[] = [];
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at];
    if (piece === 'function') at = endOfHead(pieces, at);
    else if (piece === '{' && before.at(-1) === ')') at = endOfBody(pieces, at);
    else if (mayRun.test(piece)) break;
    else if (piece === '=') given.push(...givenIn(before));
    if (at < 0) break;
    before = [...before.slice(-4), pieces[at]];
  }
  return ofTheLanguage(given, source);
}

/** Blanks and comments are left out. A text or a comment without an end is a piece as well: to look for its end again from each mark in it has no end either. */
function piecesOf(source: string): readonly string[] {
  return Array.from(source.matchAll(anyPiece), ([piece]) => (isOpenComment(piece) ? '/' : piece)).filter(
    (piece) => !isBlank.test(piece),
  );
}

function isOpenComment(piece: string): boolean {
  return piece.startsWith('/*') && (piece.length < '/**/'.length || !piece.endsWith('*/'));
}

const anyPiece =
  /\s+|\/\/.*|\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?|[\w$]+|=+>?|\.{3}|[\s\S]/g;
const isBlank = /^(?:\s|\/[/*])/;
/** Calls, questions, what makes text or numbers of an object, and what cannot be told apart from a regular expression. */
const mayRun =
  /^(?:[(`/?]|=>|={2,}|\.{3}|in|of|new|class|get|set|import|Symbol|toString|valueOf|__proto__|async|await|yield)$/;

/** The closing bracket of `function name(a, b)`; -1 where something in it may run. */
function endOfHead(pieces: readonly string[], start: number): number {
  const end = pieces.indexOf(')', start);
  const inner = pieces.slice(start + 1, end);
  return inner.filter((piece) => piece === '(').length === 1 && !inner.includes('=') ? end : -1;
}

/** The closing bracket of a function's body; -1 where it may have a regular expression or a template, whose brackets do not count. */
function endOfBody(pieces: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < pieces.length; at++) {
    const piece = pieces[at];
    if (openText.test(piece)) return -1;
    if (piece === '/' && !(divided.test(pieces[at - 1]) && !takesValue.test(pieces[at - 1]))) return -1;
    if (piece === '{') depth++;
    if (piece === '}' && --depth === 0) return at;
  }
  return -1;
}

/** A template, whose end is not looked for, or a quotation mark that is part of a regular expression. */
const openText = /^(?:`|"(?:[^"\\]|\\[\s\S])*|'(?:[^'\\]|\\[\s\S])*)$/;
const divided = /^[\w$]+$|^\]$/;
const takesValue = /^(?:return|typeof|case|in|of|delete|void|throw|new|do|else|yield|await|instanceof)$/;

/** Of the pieces before an equals sign. */
function givenIn([kind, dot, prototype, other, name]: readonly string[]): readonly GivenName[] {
  return dot === '.' && prototype === 'prototype' && other === '.' && name !== undefined ? [[kind, name]] : [];
}

/** The source is looked through once for each class of the language that gets names, and not for the script's own, of which there may be thousands. */
function ofTheLanguage(given: readonly GivenName[], source: string): readonly GivenName[] {
  const kinds = new Set(given.map(([kind]) => kind).filter((kind) => Object.hasOwn(globalThis, kind)));
  for (const kind of kinds) if (isDeclared(kind, source)) kinds.delete(kind);
  return given.filter(([kind]) => kinds.has(kind));
}

/** Then it need not be the one of the language. */
function isDeclared(kind: string, source: string): boolean {
  const name = kind.replaceAll('$', '\\$');
  return new RegExp(
    `(?:\\b(?:var|let|const|function|class)\\s+|[{,]\\s*)${name}\\b(?!\\s*[.(:])|[^\\w$.]${name}\\s*=[^=]`,
  ).test(source);
}
