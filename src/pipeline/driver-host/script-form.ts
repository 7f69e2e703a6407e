/**
 * Which of the forms that codec scripts come in this one has:
 *
 *   The Things Stack, ChirpStack 4   function decodeUplink(input) → { data, warnings, errors }
 *   ChirpStack 3                     function Decode(fPort, bytes, variables) → data
 *   The Things Network 2             function Decoder(bytes, fPort) → data
 *
 * as a script, as a CommonJS module, or as a module whose only `export`s are its own functions.
 */
export interface ScriptText {
  /** Body of a function that answers `[decodeUplink, Decode, Decoder]`, undefined where there is none. */
  readonly body: string;
  /** Names that the body is called with. */
  readonly names: readonly string[];
}

/** The names that CommonJS gives. Without need they are not given: a script that finds `module` may go on to `require`. */
export const moduleNames: readonly string[] = ['module', 'exports'];

/** The text to run for a script. It runs anew for each message, so that none finds what another one left. */
export function textOfScript(source: string, names: readonly string[]): ScriptText {
  const found = entryNames.map((name) => (names.length === 0 ? ifDefined(name) : ifExported(name)));
  return { body: `${source}\n;return [${found.join(', ')}];`, names };
}

/** Whether it failed for want of `module` or `exports`. */
export function wantsModule(problem: string): boolean {
  return /^(module|exports) is not defined$/.test(problem);
}

/** The script without the word `export` before its declarations; undefined where it has none. */
export function withoutExports(source: string): string | undefined {
  const plain = source
    .replace(/^[ \t]*export\s+(?:default\s+)?(?=(?:async\s+)?function\b|const\b|let\b|var\b|class\b)/gm, '')
    .replace(/^[ \t]*export\s*\{[^{}]*\}\s*;?/gm, '');
  return plain === source ? undefined : plain;
}

/**
 * Whether a script calls `import()`, which hands out promises of the outer realm, and could load nothing anyway. As a keyword
 * it cannot be spelled with escapes, and only white space and comments may stand before the bracket. Where the words are in a
 * comment or a text they do no harm; should a script trick the second look, it finds the outer realm hardened.
 */
export function importsAtRunTime(source: string): boolean {
  return importCall.test(source) && importCall.test(source.replace(commentOrText, ' '));
}

const importCall = /\bimport(?:\s|\/\*[\s\S]*?\*\/|(?:\/\/|<!--).*[\r\n\u2028\u2029])*[(.]/;
const commentOrText =
  /\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`(?:[^`\\]|\\[\s\S])*`/g;

const entryNames = ['decodeUplink', 'Decode', 'Decoder'];

function ifDefined(name: string): string {
  return `typeof ${name} === 'undefined' ? undefined : ${name}`;
}

/** `module.exports` may be an object of functions, or the function itself. */
function ifExported(name: string): string {
  const itself = name === entryNames[0] ? `typeof module.exports === 'function' ? module.exports : ` : '';
  return `(${ifDefined(name)}) || (${itself}module.exports && module.exports.${name})`;
}
