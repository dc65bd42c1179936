/** Bundles that are committed, with the answers that Python gave to them. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of this package, wherever the built test lies. */
export const PACKAGE = process.env["EDGEBERT_WEB"]!;
/** Where client.js and worker.js lie that were built for the tests. */
export const BUILT = process.env["EDGEBERT_BUILT"]!;
export const REPOSITORY = dirname(dirname(PACKAGE));
const FIXTURES = join(REPOSITORY, "tests", "fixtures");

/** Bundles of the first version. */
export const BUNDLES = readdirSync(join(FIXTURES, "format_1", "bundles")).sort();
/** Bundles for other targets, of other kinds and with other tokenizers. */
export const TARGETS = readdirSync(join(FIXTURES, "targets", "bundles")).sort();

export function bundle(name: string): string {
  return join(folderOf(name), "bundles", name);
}

/** What Python gave, by the name of what it was asked. */
export function answersOf(name: string): Record<string, unknown> {
  return json(join(folderOf(name), "answers", `${name}.json`)) as Record<string, unknown>;
}

function folderOf(name: string): string {
  return join(FIXTURES, TARGETS.includes(name) ? "targets" : "format_1");
}

export function json(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf-8"));
}

/** What tests/bundle_answers.py asks. */
export const TEXTS = [
  "anna turned the lamp off in the kitchen",
  "ben was not late in paris , and that is good",
  "请关灯,北京",
  "",
  "tell anna that the fan is on! ".repeat(12),
  "ONE two 3 and Berlin's cafés 👍🏽",
];
export const PAIRS: readonly (readonly [string, string])[] = [
  ["is the lamp on?", "the lamp in the bedroom is on."],
  ["is anna in berlin?", `${"anna and ben ".repeat(30)}is in berlin`],
  ["one", ""],
];
export const MASKED = (mask: string): string[] => [
  `anna is in ${mask} .`,
  `the ${mask} was ${mask} late`,
  `turn ${mask} off `.repeat(12),
];
export const QUESTION = "is anna in paris ?";
export const CONTEXTS = [
  "anna is in paris . ben is in berlin",
  "the fan was on and anna off . ".repeat(15),
  "北京 one",
];

/** Hold values to others: numbers within a distance, of those above 1 a share of them; all else equal. */
export function assertClose(
  actual: unknown,
  expected: unknown,
  within: number,
  where = "it",
): void {
  const given = ArrayBuffer.isView(actual) ? Array.from(actual as Float32Array) : actual;
  if (typeof expected === "number") {
    const apart = Math.abs((given as number) - expected) / Math.max(1, Math.abs(expected));
    assert.ok(apart <= within, `${where}: ${given} for ${expected}`);
  } else if (Array.isArray(expected)) {
    assert.equal((given as unknown[]).length, expected.length, `${where}: as many`);
    expected.forEach((value, i) =>
      assertClose((given as unknown[])[i], value, within, `${where}[${i}]`),
    );
  } else if (expected !== null && typeof expected === "object") {
    assert.deepEqual(Object.keys(given as object).sort(), Object.keys(expected).sort(), where);
    for (const [key, value] of Object.entries(expected)) {
      assertClose((given as Record<string, unknown>)[key], value, within, `${where}.${key}`);
    }
  } else assert.equal(given, expected, where);
}

/** A span of a text with its places in code points, as Python counts. */
export function inCodePoints<S extends { start: number; end: number }>(text: string, span: S): S {
  const count = (end: number): number => Array.from(text.slice(0, end)).length;
  return { ...span, start: count(span.start), end: count(span.end) };
}
