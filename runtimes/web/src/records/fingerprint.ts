/** What answers are known by: equal when, and only when, vectors may be mixed. */

import { sha256Here } from "../bundle/sha256.ts";
import type { Manifest } from "./manifest.ts";

const ONNXRUNTIME = "onnxruntime";

/** Options of a run that change an answer, by name; "" for none. */
export type RunOptions = Readonly<Record<string, string>>;

/** `SCHEME-SOURCE-DIGEST-ENGINE`, then `+NAME=VALUE` for each option, as edgebert has it in Python.
 *  @param scoring how scores are made, also of a manifest that is older than the key.
 *  @param aggregation the same of the labels of words.
 *  @param provider "cpu", "wasm" or "webgpu". */
export function fingerprintOf(
  manifest: Manifest,
  scoring: string,
  provider: string,
  options: RunOptions = {},
): string {
  const { quantization, precision, source } = manifest;
  const engine =
    quantization === null || provider === "cpu" ? ONNXRUNTIME : `${ONNXRUNTIME}.${provider}`;
  const model = [
    quantization?.scheme ?? precision,
    source.sha256.slice(0, 8),
    digestOf(manifest, scoring),
    engine,
  ];
  const told = Object.entries(options)
    .filter(([, value]) => value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `+${name}=${quoted(value)}`);
  return model.join("-") + told.join("");
}

/** What stands in a fingerprint for a prompt: its name and a hash; "" for none. */
export function promptOption(manifest: Manifest, text: string): string {
  if (!text) return "";
  const named = Object.entries(manifest.prompts).find(([, known]) => known === text);
  return `${named?.[0]}.${sha256Here(new TextEncoder().encode(text)).slice(0, 8)}`;
}

/** Hash over all in a bundle that changes an answer. */
function digestOf(manifest: Manifest, scoring: string): string {
  const read = Object.keys(manifest.files)
    .filter((name) => name.startsWith("model.onnx") || name.startsWith("tokenizer.json"))
    .sort(byCodePoints);
  const decides = [
    ...read.map((name) => manifest.files[name]!.sha256),
    represented(manifest.task),
    represented(manifest.max_length),
    represented(manifest.pooling),
    represented(manifest.normalize),
    represented(manifest.labels),
    represented(scoring),
    represented(manifest.mask_token),
    represented(manifest.aggregation),
  ];
  return sha256Here(new TextEncoder().encode(decides.join("\n"))).slice(0, 12);
}

type Plain = string | number | boolean | null | readonly string[];

/** A value as Python's `repr` writes it, which is what is hashed. */
export function represented(value: Plain): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return representedString(value);
  const items = value.map(representedString);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}

function representedString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + Array.from(text, (character) => escaped(character, quote)).join("") + quote;
}

const NAMED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const UNPRINTABLE = /^[\p{C}\p{Z}]$/u;

function escaped(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const named = NAMED[character];
  if (named !== undefined) return named;
  if (character === " " || !UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** A value of an option, as Python's `urllib.parse.quote` with nothing safe writes it. */
function quoted(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function byCodePoints(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
