/** Does this device give the answers that the bundle promised where it was made? */

import type { Rows } from "../tasks/rows.ts";
import type { Text } from "../text/index.ts";
import type { GoldenText } from "../records/golden.ts";

/** How one golden text came out here; distances are relative: ||answer - promised|| / ||promised||. */
export interface GoldenAnswer {
  readonly text: Text;
  readonly tokensEqual: boolean;
  readonly toExpected: number;
  readonly toReference: number;
  /** Whether int8 runs here on a provider that rounds in other places than the CPU's: then it is
   *  held to the reference alone, from which all are as far. */
  readonly roundsOtherwise: boolean;
  readonly passed: boolean;
}

/** How the golden texts of a bundle came out here. */
export interface Verification {
  /** Whether all did as promised. */
  readonly passed: boolean;
  readonly answers: readonly GoldenAnswer[];
  /** One line for each text that did not. */
  readonly failures: readonly string[];
}

export function verificationOf(answers: readonly GoldenAnswer[]): Verification {
  const failures = answers.filter(({ passed }) => !passed).map(failureOf);
  return { passed: failures.length === 0, answers, failures };
}

/** One text held to what was promised.
 *  @param ids of its tokens here.
 *  @param columns of an output that are kept; none for all. */
export function goldenAnswer(
  golden: GoldenText,
  ids: readonly number[],
  output: Rows,
  columns: readonly number[],
  roundsOtherwise: boolean,
): GoldenAnswer {
  const answer = kept(output, columns);
  const { tolerance, input_ids } = golden;
  const tokensEqual = ids.length === input_ids.length && ids.every((id, i) => id === input_ids[i]);
  const toExpected = relativeDistance(answer, numbersOf(golden.expected));
  const toReference = relativeDistance(answer, numbersOf(golden.reference));
  const asExpected = roundsOtherwise || toExpected <= tolerance.expected;
  const passed = tokensEqual && asExpected && toReference <= tolerance.reference;
  return { text: textOf(golden), tokensEqual, toExpected, toReference, roundsOtherwise, passed };
}

/** The text of a golden answer, or the two that are read together. */
export function textOf({ text }: GoldenText): Text {
  return text as Text;
}

/** Infinite where there are not as many numbers, or one is none. */
export function relativeDistance(answer: Float32Array, promised: Float64Array): number {
  if (answer.length === 0 && promised.length === 0) return 0; // a text whose mask was cut away
  if (answer.length !== promised.length) return Infinity;
  let [apart, size] = [0, 0];
  promised.forEach((value, i) => {
    apart += (answer[i]! - value) ** 2;
    size += value ** 2;
  });
  const distance = Math.sqrt(apart) / Math.max(Math.sqrt(size), 1e-12);
  return Number.isNaN(distance) ? Infinity : distance;
}

function kept({ data, width }: Rows, columns: readonly number[]): Float32Array {
  if (columns.length === 0) return data;
  const rows = data.length / width;
  return Float32Array.from({ length: rows * columns.length }, (_, i) => {
    const row = Math.floor(i / columns.length);
    return data[row * width + columns[i % columns.length]!]!;
  });
}

/** Nested lists of numbers as one. */
function numbersOf(nested: unknown): Float64Array {
  const values = Array.isArray(nested) ? (nested as unknown[]).flat(Infinity) : [nested];
  return Float64Array.from(values, (value) => (typeof value === "number" ? value : NaN));
}

function failureOf({
  text,
  tokensEqual,
  toExpected,
  toReference,
  roundsOtherwise,
}: GoldenAnswer): string {
  const whole = typeof text === "string" ? text : text.join(" | ");
  const quoted = `'${whole.length <= 40 ? whole : `${whole.slice(0, 39)}…`}'`;
  if (!tokensEqual) return `${quoted} has other tokens here`;
  const far = (distance: number): string => distance.toPrecision(2);
  const expected = roundsOtherwise
    ? ""
    : `${far(toExpected)} of the whole from what was expected, `;
  return `${quoted} is ${expected}${far(toReference)} from the reference`;
}
