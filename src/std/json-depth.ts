/**
 * Arrays and objects inside each other in one body, the body itself among them. What walks through a value recurses once a
 * level, so this bounds the stack of everything behind the parser; no message that a person wrote comes near it.
 */
export const jsonDepthMax = 64;

/** Whether the text opens more than `depthMax` arrays and objects inside each other. Reads it once; valid JSON or not. */
export function nestsDeeper(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === quote) at = stringEnd(text, at);
    else if (unit === openBracket || unit === openBrace) {
      if (++depth > depthMax) return true;
    } else if (unit === closeBracket || unit === closeBrace) depth--;
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Where the closing quote of the string stands that opens at `start`; the end of the text where there is none. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}
