/** Regular expressions of a tokenizer's file, which are Oniguruma's, as JavaScript's. */

import { objectOf, stringOf, unsupported } from "../json.ts";
import { WHITE_SPACE, WORD } from "../normalizing/unicode.ts";

/** What is written shorter in one of the two: inside of a class, and outside. */
const CLASSES: Readonly<Record<string, string>> = {
  s: WHITE_SPACE,
  w: WORD,
  d: "\\p{Nd}",
  h: "0-9a-fA-F",
};

const ESCAPE = /^\\(?:[pP]\{[^}]*\}|x[\da-f]{2}|u[\da-f]{4}|.)/isu;

/** Escapes that both have. */
const SHARED = /^(?:[xu].+|[nrtfv0bB^$\\.*+?()[\]{}|/])$/;

/** A pattern of a tokenizer's file: `{"String": ...}` or `{"Regex": ...}`.
 *  @throws BundleError it is a regular expression that cannot be read here. */
export function patternOf(value: unknown): RegExp {
  const pattern = objectOf(value, "pattern");
  if (pattern["Regex"] === undefined) {
    const found = stringOf(pattern["String"], "pattern");
    return new RegExp(found === "" ? "(?!)" : escaped(found), "gu");
  }
  const source = stringOf(pattern["Regex"], "pattern");
  try {
    return new RegExp(translated(source), "gu");
  } catch {
    throw unsupported(`the regular expression ${JSON.stringify(source)}`);
  }
}

/** A text as a regular expression that finds it. */
export function escaped(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}

/** One expression in the words of the other; throws where there are none. */
function translated(source: string): string {
  let found = "";
  let depth = 0; // of classes
  const folded: boolean[] = [false]; // by groups: whether case is passed over
  for (let i = 0; i < source.length; ) {
    const rest = source.slice(i);
    const [read, written] = depth > 0 ? inClass(rest, folded.at(-1)!) : outside(rest, folded);
    if (read === "[") depth += 1;
    if (read === "]" && depth > 0) depth -= 1;
    if (depth > 1) throw new SyntaxError("a class in a class");
    found += written;
    i += read.length;
  }
  return found;
}

type Read = readonly [read: string, written: string];

function inClass(rest: string, folds: boolean): Read {
  const escape = ESCAPE.exec(rest)?.[0];
  if (escape) return [escape, escapeOf(escape.slice(1), true)];
  if (rest.startsWith("&&") || rest.startsWith("[:")) throw new SyntaxError("a class of classes");
  const range = /^([a-zA-Z])-([a-zA-Z])/.exec(rest);
  if (range && folds) return [range[0], `${range[0]}${swapped(range[0])}`];
  return [characterOf(rest), folds ? bothCases(rest) : characterOf(rest)];
}

function outside(rest: string, folded: boolean[]): Read {
  const escape = ESCAPE.exec(rest)?.[0];
  if (escape) return [escape, escapeOf(escape.slice(1), false)];
  if (/^[?*+}]\+/.test(rest)) throw new SyntaxError("a possessive quantifier");
  const group = /^\((?:\?(i:|:|=|!|<=|<!))?/.exec(rest);
  if (group) {
    if (rest.startsWith("(?") && !group[1]) throw new SyntaxError("a group of another kind");
    const folds = group[1] === "i:";
    folded.push(folds || folded.at(-1)!);
    return [group[0], folds ? "(?:" : group[0]];
  }
  if (rest[0] === ")" && folded.length > 1) folded.pop();
  if (rest[0] === ".") return [".", "[^\\n]"];
  if (rest[0] === "^") return ["^", "(?<![^\\n])"]; // of any line, as Ruby has it
  if (rest[0] === "$") return ["$", "(?![^\\n])"];
  const character = characterOf(rest);
  const cased = folded.at(-1)! && bothCases(rest) !== character;
  return [character, cased ? `[${bothCases(rest)}]` : character];
}

function escapeOf(name: string, within: boolean): string {
  if (/^p./i.test(name)) return propertyOf(name);
  const known = CLASSES[name];
  if (known) return within ? known : `[${known}]`;
  const negated = CLASSES[name.toLowerCase()];
  if (negated && name !== name.toLowerCase()) {
    if (within && name !== "S" && name !== "D") throw new SyntaxError("a negated class in a class");
    return within ? negated.replace("\\p", "\\P") : `[^${negated}]`;
  }
  if (name === "A") return "(?<![^])";
  if (name === "z") return "(?![^])";
  if (SHARED.test(name)) return `\\${name}`;
  if (/[a-zA-Z0-9]/.test(name)) throw new SyntaxError(`the escape \\${name}`);
  return within && name === "-" ? "\\-" : name;
}

/** A property of characters: of scripts, Oniguruma needs the names alone. */
function propertyOf(name: string): string {
  try {
    return new RegExp(`\\${name}`, "u").source;
  } catch {
    return `\\${name.slice(0, 2)}Script=${name.slice(2)}`;
  }
}

/** A letter in both of its cases; U+017F is a long s, and U+212A a Kelvin sign. */
function bothCases(rest: string): string {
  const character = characterOf(rest);
  const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
  if (lower === upper) return character;
  const third = lower === "s" ? "\u017f" : lower === "k" ? "\u212a" : "";
  return lower + upper + third;
}

function swapped(range: string): string {
  return range === range.toLowerCase() ? range.toUpperCase() : range.toLowerCase();
}

function characterOf(rest: string): string {
  return String.fromCodePoint(rest.codePointAt(0)!);
}
