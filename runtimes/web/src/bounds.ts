/** Numbers and names that a caller gives: inside their bounds, or one clear line. */

import { InputError } from "./errors.ts";

/** A whole number from `least` to `most`.
 *  @throws InputError it is none. */
export function checkNumber(name: string, value: unknown, least: number, most?: number): number {
  if (Number.isInteger(value)) {
    const number = value as number;
    if (number >= least && (most === undefined || number <= most)) return number;
  }
  const wanted = most === undefined ? `at least ${least}` : `${least} to ${most}`;
  throw new InputError(`${name}=${told(value)}: expected a whole number, ${wanted}`);
}

/** One of the choices.
 *  @throws InputError it is none of them. */
export function checkChoice<C extends string>(
  name: string,
  value: unknown,
  choices: readonly C[],
): C {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) {
    throw new InputError(`${name}=${told(value)}: expected one of ${choices.join(", ")}`);
  }
  return chosen;
}

/** A value as a message quotes it. */
export function told(value: unknown): string {
  if (typeof value === "string") return `'${value}'`;
  return typeof value === "object" && value !== null ? kindOf(value) : String(value);
}

/** What a value is, as a message names it. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}
