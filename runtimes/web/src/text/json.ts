/** What a tokenizer.json holds, read field by field: nothing is guessed. */

import { BundleError } from "../errors.ts";

export type Json = Readonly<Record<string, unknown>>;

/** An error about the file of a tokenizer. */
export function damaged(what: string): BundleError {
  return new BundleError(`tokenizer.json is damaged: ${what}`);
}

/** A part of a tokenizer that this client does not have, or an option of one. */
export function unsupported(what: string): BundleError {
  return new BundleError(
    `tokenizer.json has ${what}, which this client does not read; use the Python runtime`,
  );
}

export function objectOf(value: unknown, name: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw damaged(`${name} is not an object`);
}

export function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw damaged(`${name} is not a list`);
}

export function stringOf(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw damaged(`${name} is not a string`);
}

/** A whole number that is not negative. */
export function countOf(value: unknown, name: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw damaged(`${name} is not a whole number`);
}

export function numberOf(value: unknown, name: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw damaged(`${name} is not a number`);
}

/** A flag, with what it is where it is missing. */
export function flagOf(value: unknown, name: string, missing: boolean): boolean {
  if (value === undefined || value === null) return missing;
  if (typeof value === "boolean") return value;
  throw damaged(`${name} is not true or false`);
}

/** One of some words, with what it is where it is missing. */
export function choiceOf<T extends string>(
  value: unknown,
  name: string,
  choices: readonly T[],
  missing: T,
): T {
  const found = value === undefined || value === null ? missing : value;
  if (choices.includes(found as T)) return found as T;
  throw unsupported(`${name} ${JSON.stringify(found)}`);
}

/** A part of a tokenizer and what kind it is; null where there is none. */
export function partOf(value: unknown, name: string): (Json & { readonly type: string }) | null {
  if (value === undefined || value === null) return null;
  const part = objectOf(value, name);
  return { ...part, type: stringOf(part["type"], `the type of ${name}`) };
}

/** A vocabulary of tokens with their ids. */
export function vocabularyOf(value: unknown): Map<string, number> {
  const pairs = Object.entries(objectOf(value, "vocab"));
  return new Map(pairs.map(([token, id]) => [token, countOf(id, "an id of vocab")]));
}
