/**
 * Which of the forms that codec scripts come in this one has:
 *
 *   The Things Stack, ChirpStack 4   function decodeUplink(input) → { data, warnings, errors }
 *   ChirpStack 3                     function Decode(fPort, bytes, variables) → data
 *   The Things Network 2             function Decoder(bytes, fPort) → data, Converter(data, fPort) → data, Validator(data, fPort)
 *
 * and the same of what comes after it and goes down (`normalizeUplink`, `encodeDownlink`, `Encode`, `Encoder`, `decodeDownlink`),
 * as a script, as a CommonJS module, or as a module whose only `export`s are its own functions.
 */

import { codeOf } from './script-code.ts';

/** The names that CommonJS gives. Without need they are not given: a script that finds `module` may go on to `require`. */
export const moduleNames: readonly string[] = ['module', 'exports'];

/**
 * The body of a function that runs a script and answers its functions by name, undefined where there is none. `unassigned` names
 * those of its locals that were not assigned, each with a space behind it.
 */
export function bodyOf(source: string, asModule: boolean, locals: readonly string[]): string {
  const found = entryNames.map((name) => `${name}: ${asModule ? ifExported(name) : ifDefined(name)}`);
  if (locals.length > 0) found.push(`unassigned: ${unassignedAmong(locals)}`);
  // Without a prototype: what a script adds to all objects is none of its functions.
  const answered = `return { __proto__: null, ${found.join(', ')} };`;
  return `${source.replace(firstLine, '')}\n;${namesAsGlobals(source)}${answered}`;
}

function unassignedAmong(locals: readonly string[]): string {
  return `() => ${locals.map((name) => `(${name} === void 0 ? '${name} ' : '')`).join(' + ')}`;
}

/**
 * In a script, functions and variables are properties of the global object, and some look them up there: `this.parse(x)`,
 * `this['decode' + port]`. Here they are local. Those that may be looked up in that way are made properties as well.
 */
function namesAsGlobals(source: string): string {
  const isLookedUp = lookedUpIn(source);
  if (isLookedUp === undefined) return '';
  const code = codeOf(source);
  const functions = namesIn(code, /(?:^|[;}])[ \t]*function(?:\s*\*)?\s*([A-Za-z_$][\w$]*)/gm).filter(isLookedUp);
  const variables = namesIn(code, /^var\s+([A-Za-z_$][\w$]*)/gm).filter(isLookedUp);
  return [
    // One that is indented may belong to another function, and then there is none of its name here.
    ...functions.map((name) => `if (typeof ${name} === 'function') globalThis.${name} = ${name};`),
    ...variables.map(asGlobal),
  ].join('');
}

/** Nor need a variable be one of the top level: where its name means the global, that would be a property that asks for itself. */
function asGlobal(name: string): string {
  const property = `{ get: () => ${name}, set: (value) => { ${name} = value }, configurable: true, enumerable: true }`;
  const isGlobal = `(globalThis.${name} = arguments, ${name} === arguments)`;
  const define = `Object.defineProperty(globalThis, '${name}', ${property})`;
  return `(function () { if (!('${name}' in globalThis)) ${isGlobal} ? delete globalThis.${name} : ${define}; })();`;
}

/** Undefined where the script looks up none in the global object. */
function lookedUpIn(source: string): ((name: string) => boolean) | undefined {
  const names = new Set(
    namesIn(source.replace(helperOfTypeScript, ' '), /\b(?:this|globalThis)\s*\.\s*([A-Za-z_$][\w$]*)/g),
  );
  const beginnings = new Set<string>();
  const keys = Array.from(source.matchAll(keyOfThis));
  // What has brackets in brackets is not taken apart.
  let mayBeAny = keys.length < Array.from(source.matchAll(/\b(?:this|globalThis)\s*\[/g)).length;
  const makesObjects = /\b(?:new|class)\b/.test(source);
  for (const [, key, assigned] of keys) {
    const [, , text, end] = textOfKey.exec(key) ?? [];
    if (text !== undefined && isJoined.test(end)) beginnings.add(text);
    else if (text !== undefined) names.add(text);
    // A constructor that takes over what it was given, `this[key] = value`, looks up nothing.
    else if (!/^\s*\d+\s*$/.test(key) && (assigned === undefined || !makesObjects)) mayBeAny = true;
  }
  if (mayBeAny) return () => true;
  if (names.size === 0 && beginnings.size === 0) return undefined;
  // There may be thousands of them, and thousands of names.
  const lengths = new Set(Array.from(beginnings, ({ length }) => length));
  return (name) => names.has(name) || [...lengths].some((length) => beginnings.has(name.slice(0, length)));
}

/** `var __extends = (this && this.__extends) || …`: its own compiler put it there, and nothing of that name is there yet. */
const helperOfTypeScript = /\bthis\s*&&\s*this\s*\.\s*__\w+/g;
/** What stands in the brackets of `this[…]`, with brackets of its own at most once, and whether it is assigned. */
const keyOfThis = /\b(?:this|globalThis)\s*\[([^[\]]*(?:\[[^[\]]*\][^[\]]*)*)\]\s*(=(?![=>]))?/g;
/** `'parse'`, `'port' + n` or `` `port${n}` ``. */
const textOfKey = /^\s*(['"`])([\w$]*)(\1\s*$|\1\s*\+[^?,]*$|\$\{)/;
const isJoined = /[+{]/;

function namesIn(source: string, pattern: RegExp): string[] {
  return [...new Set(Array.from(source.matchAll(pattern), (match) => match[1]))];
}

/** `#!/usr/bin/env node` is allowed at the very beginning of a script, and not in a function; nor is a byte order mark before it. */
const firstLine = /^\ufeff?(?:#!.*)?/;

/**
 * Names of what is there that a script declares with `var`, as in `var JSON = JSON || {}`. In a script that leaves what is there; in a
 * function it would hide it. One too many does no harm, unless the script has a `let` of that name: then it does not load.
 */
export function globalVariables(source: string): readonly string[] {
  return namesIn(codeOf(source), globalVariable);
}

const globalNames = [
  'Object|Function|Array|String|Number|Boolean|Symbol|BigInt|Date|RegExp|Promise|Proxy|Reflect|Math|JSON|Intl|Iterator',
  'Map|Set|WeakMap|WeakSet|(?:Eval|Range|Reference|Syntax|Type|URI|Aggregate)?Error|ArrayBuffer|DataView',
  '(?:Ui|I)nt(?:8|16|32)Array|Uint8ClampedArray|Float(?:32|64)Array|Big(?:Ui|I)nt64Array',
  'parseInt|parseFloat|isNaN|isFinite|(?:en|de)codeURI(?:Component)?|(?:un)?escape|console|Buffer|Text(?:En|De)coder|atob|btoa',
].join('|');
const globalVariable = new RegExp(String.raw`(?:\bvar\s+|,\s*(?=\w+\s*=[^=]))(${globalNames})\b(?!\s*[.([])`, 'g');

/**
 * Whether a script may set a global on purpose, as bundles do: `root.decodeUplink = …`. A local of the same name would hide it
 * from the script itself. Where neither word occurs, a new global is a variable that lacks its `var`.
 */
export function mayNameGlobal(source: string): boolean {
  return /\b(this|globalThis)\b/.test(source);
}

/** Whether a global of this name can be a local of the script instead. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_$][\w$]{0,63}$/.test(name) && !reserved.test(name);
}

const reserved = /^(arguments|eval|let|static|yield|await|implements|interface|package|private|protected|public)$/;

/**
 * Whether a script shows any sign of extending a class of the language, or `Math` or `JSON`: it uses one of them or its prototype
 * as a value, assigns to a property of one, or to a name that their objects inherit, or asks objects for their class. A sign too many
 * costs some microseconds a message; where one is overlooked, the script fails and is given open classes then.
 */
export function extendsClasses(source: string): boolean {
  return (
    signsOfExtending.some((sign) => sign.test(source)) ||
    (inheritedName.test(source) && computedAssignment.test(source))
  );
}

const extensible = String.raw`Math|JSON|String|Number|Boolean|Date|RegExp|Function|Map|Set|Symbol|BigInt|(?:[A-Z]\w*)?Array|ArrayBuffer|DataView|Buffer`;
/** Behind one of them: `.x =`, `[`, the end of an expression, or its prototype, unless only a method of it is called. */
const asValue = String.raw`\.\s*\w+\s*=[^=]|[[\];,)}]|$|\.\s*prototype\b(?!\s*\.\s*\w+\s*\.\s*(?:call|apply|bind)\b)`;
const ofLists = namesOf(Array, Function);
const anyTypedArray = Object.getPrototypeOf(Uint8Array) as typeof Uint8Array;
const inherited = namesOf(Array, String, Number, Date, RegExp, Function, Map, Set, anyTypedArray, DataView);
const signsOfExtending = [
  /__proto__|\.\s*constructor\b|[gs]etPrototypeOf|__define|globalThis/,
  new RegExp(String.raw`\b(?:${extensible})\s*(?:${asValue})`, 'm'),
  new RegExp(String.raw`(?:\.\s*(?:${inherited})|\[\s*(['"])(?:${inherited})\1\s*\])\s*=[^=]`),
  // How something is gone through, or what a text does with it.
  /\[\s*Symbol\s*\.\s*\w+\s*\]\s*=[^=]/,
];
/** A list or a function may be given a name that comes from a table, which may have it as a key. */
const inheritedName = new RegExp(String.raw`(['"])(?:${ofLists})\1|\b(?:${ofLists})\s*:`);
const computedAssignment = /[\w$\])]\s*\]\s*=[^=]/;

function namesOf(...classes: readonly { readonly prototype: object }[]): string {
  return classes
    .flatMap(({ prototype }) =>
      Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { writable }]) =>
        writable && name !== 'constructor' && name !== 'length' ? [name] : [],
      ),
    )
    .join('|');
}

/** Whether it failed for want of `module` or `exports`. */
export function wantsModule(problem: string): boolean {
  return /^(module|exports) is not defined$/.test(problem);
}

/** The script without the word `export`, which no script may have; undefined where it has none. */
export function withoutExports(source: string): string | undefined {
  const renamed: string[] = [];
  const plain = source
    .replace(exported('\\s+(?:default\\s+)?(?=(?:async\\s+)?function\\b|const\\b|let\\b|var\\b|class\\b)'), '$1')
    .replace(exported('\\s*\\{([^{}]*)\\}\\s*;?'), (_, before: string, names: string) => {
      renamed.push(...renamedIn(names));
      return `${before};`;
    })
    .replace(exported('\\s+default\\s+'), '$1module.exports = ');
  if (plain === source) return undefined;
  // At the end, since what is exported may be declared further down.
  return [plain, ...renamed].join('\n;');
}

/** `export` with what follows, at the beginning of a statement: bundlers write everything into one line. */
function exported(rest: string): RegExp {
  return new RegExp(`(^[ \\t]*|[;}][ \\t]*)export${rest}`, 'gm');
}

/** `a as decodeUplink, b, c as default` exports the first and the last under names that are not their own. */
function renamedIn(names: string): string[] {
  return names.split(',').flatMap((each) => {
    const [, own, name] = /^([\w$]+)\s+as\s+([\w$]+)$/.exec(each.trim()) ?? [];
    if (name === undefined) return [];
    return [name === 'default' ? `module.exports = ${own}` : `module.exports.${name} = ${own}`];
  });
}

/**
 * Whether a script calls `import()`, which hands out promises of the outer realm, and could load nothing anyway. As a keyword
 * it cannot be spelled with escapes, and only white space and comments may stand before the bracket. Where the words are in a
 * comment or a text they do no harm; should a script trick the look, it finds the outer realm hardened.
 */
export function importsAtRunTime(source: string): boolean {
  return source.includes('import') && importCall.test(codeOf(source));
}

/** `meter.import.total` is a property; `...import(x)` is none. */
const importCall = /(?<!(?<!\.\.)\.\s*)\bimport\s*[(.]/;

const entryNames = [
  'decodeUplink',
  'Decode',
  'Decoder',
  'Converter',
  'Validator',
  'normalizeUplink',
  'encodeDownlink',
  'Encode',
  'Encoder',
  'decodeDownlink',
];

function ifDefined(name: string): string {
  return `typeof ${name} === 'undefined' ? undefined : ${name}`;
}

/** `module.exports` may be an object of functions, or the function itself. */
function ifExported(name: string): string {
  const itself = name === entryNames[0] ? `typeof module.exports === 'function' ? module.exports : ` : '';
  return `(${ifDefined(name)}) || (${itself}module.exports && module.exports.${name})`;
}
