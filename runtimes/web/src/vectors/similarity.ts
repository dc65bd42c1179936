/** Texts and vectors side by side: what a caller gave, and how alike they are. */

import { kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";
import type { Similarity } from "../records/manifest.ts";
import {
  asBits,
  type Dtype,
  floats,
  isBits,
  isVector,
  keepsLength,
  lengthOf,
  TINY,
  unit,
  type Vector,
  widthOf,
} from "./forms.ts";

/** What a model's vectors are compared by. */
export interface Measure {
  readonly name: Similarity;
  /** Whether the model's vectors have length 1, so that no form of them loses it. */
  readonly unit: boolean;
}

/** One text or vector, or several. */
export type Compared = string | Vector | readonly string[] | readonly Vector[];

/** Whether this is one text or one vector, not several. */
export function isOne(value: unknown): value is string | Vector {
  return typeof value === "string" || isVector(value);
}

/** @throws InputError vectors of a form could not be compared by what needs their lengths. */
export function requireKept({ name, unit }: Measure, dtype: Dtype): void {
  if (name === "cosine" || unit || dtype === "float32" || dtype === "float16") return;
  throw new InputError(
    `dtype='${dtype}' keeps no lengths, and this model compares by ${name}, which needs them: ` +
      "float32 and float16 keep them",
  );
}

/** Vectors as they are, and texts as vectors.
 *  @param name of the values, for errors.
 *  @param embed gives vectors of a list of texts.
 *  @throws InputError they are neither, or of different widths. */
export async function vectorsOf(
  name: string,
  values: unknown,
  embed: (texts: readonly string[]) => Promise<readonly Vector[]>,
): Promise<readonly Vector[]> {
  const listed: unknown = isOne(values) ? [values] : values;
  if (!Array.isArray(listed)) {
    throw new InputError(`${name}: expected texts or vectors, not ${kindOf(values)}`);
  }
  if (!isVector(listed[0])) return named(name, embed(listed as string[]));
  const width = widthOf(listed[0]);
  if (!listed.every((vector) => isVector(vector) && widthOf(vector) === width)) {
    throw new InputError(`${name}: vectors of different lengths, or not all of them vectors`);
  }
  return listed as Vector[];
}

async function named<T>(name: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${name}: ${error.message}`) : error;
  }
}

/** How alike each row of one side is to each of the other, a Float32Array for each row of `a`.
 *  Where one side holds bits, only the signs of the other count.
 *  @throws InputError their widths differ, a number is not finite, or a form lost the lengths. */
export function similarities(
  a: readonly Vector[],
  b: readonly Vector[],
  names: readonly [string, string],
  measure: Measure,
): Float32Array[] {
  requireSameWidth(a, b, names);
  const bits = [...a, ...b].some(isBits);
  const [left, right] = [a, b].map((side, i) => comparable(side, names[i]!, measure, bits));
  return left!.map((row) =>
    Float32Array.from(right!, (other) => likeness(row, other, measure.name)),
  );
}

/** A vector as `likeness` compares it. */
export interface Comparable {
  readonly numbers: Float32Array;
  /** What its products are divided by: its length, or 1 where lengths count. */
  readonly length: number;
}

/** Vectors as `likeness` compares them.
 *  @param bits whether only signs count.
 *  @param start place of the first one, for errors.
 *  @throws InputError a number is not finite, or a form lost the lengths that are needed. */
export function comparable(
  vectors: readonly Vector[],
  name: string,
  measure: Measure,
  bits: boolean,
  start = 0,
): Comparable[] {
  return vectors.map((vector, i) => {
    requireLength(vector, name, measure);
    const numbers = floats(bits ? asBits(vector) : vector);
    const length = lengthOf(numbers);
    if (!Number.isFinite(length)) {
      throw new InputError(`${name}: vector ${start + i} holds a number that is not finite`);
    }
    if (measure.name === "cosine") return { numbers, length: Math.max(length, TINY) };
    return { numbers: keepsLength(vector) ? numbers : unit(numbers), length: 1 };
  });
}

/** How alike two vectors are. */
export function likeness(one: Comparable, other: Comparable, name: Similarity): number {
  const [a, b] = [one.numbers, other.numbers];
  let sum = 0;
  if (name === "euclidean") {
    for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
    return -Math.sqrt(sum);
  }
  if (name === "manhattan") {
    for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
    return -sum;
  }
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  if (name === "dot") return sum;
  return Math.min(1, Math.max(-1, sum / (one.length * other.length)));
}

/** @throws InputError the two sides were not embedded alike. */
export function requireSameWidth(
  a: readonly Vector[],
  b: readonly Vector[],
  names: readonly [string, string],
): void {
  const [left, right] = [a, b].map((side) => (side[0] ? widthOf(side[0]) : null));
  if (left === null || right === null || left === right) return;
  throw new InputError(
    `${names[0]} of ${left} numbers and ${names[1]} of ${right} do not compare: ` +
      "embed both with the same model and truncateDim",
  );
}

function requireLength(vector: Vector, name: string, { name: by, unit }: Measure): void {
  if (by === "cosine" || unit || keepsLength(vector)) return;
  const form = isBits(vector) ? "bits keep" : "int8 keeps";
  throw new InputError(
    `${name}: ${form} no lengths, and this model compares by ${by}, which needs them: ` +
      "embed with dtype float32 or float16",
  );
}
