/** Forms of a vector: cut short, in fewer bits, and back to floats. */

import { checkChoice, checkNumber } from "../bounds.ts";
import { InputError } from "../errors.ts";

/** Forms of a vector, by the dtype of its numbers. */
export const DTYPES = ["float32", "float16", "int8", "binary"] as const;
export type Dtype = (typeof DTYPES)[number];

/** A vector: float32 [dim]; float16 as its bits, in a Uint16Array (`new Float16Array(v.buffer)`
 *  where the engine has that); int8 [dim]; of "binary" 8 signs in each byte [dim / 8]. */
export type Vector = Float32Array | Uint16Array | Int8Array | Uint8Array;

/** A vector shorter than this has no direction. */
export const TINY = 1e-12;

/** The form that vectors are given in. */
export interface Form {
  /** How many numbers of a vector are kept. */
  readonly dim: number;
  /** Whether what is kept is brought back to length 1. */
  readonly normalize: boolean;
  readonly dtype: Dtype;
}

/** The form that is asked for.
 *  @throws InputError vectors of this width cannot be given in it. */
export function checkForm(
  width: number,
  normalize: boolean,
  truncateDim: number | undefined,
  dtype: string,
): Form {
  const dim = truncateDim === undefined ? width : checkNumber("truncateDim", truncateDim, 1, width);
  const chosen = checkChoice("dtype", dtype, DTYPES);
  if (chosen === "binary" && dim % 8 !== 0) {
    throw new InputError(
      `dtype='binary' packs 8 numbers into a byte, and here are ${dim}: ` +
        `truncateDim=${dim - (dim % 8) || 8} gives whole bytes`,
    );
  }
  return { dim, normalize, dtype: chosen };
}

/** A vector of the model in a form, and in memory of its own. */
export function formed(vector: Float32Array, { dim, normalize, dtype }: Form): Vector {
  const shortened = vector.slice(0, dim);
  return packed(normalize && dim < vector.length ? unit(shortened) : shortened, dtype);
}

/** A vector in fewer bits. int8: each number times 127 over the largest magnitude, so that no cosine
 *  depends on the scale; lengths are lost. binary: whether a number is above 0, the first in the
 *  highest bit of a byte. */
export function packed(vector: Float32Array, dtype: Dtype): Vector {
  if (dtype === "float32") return vector;
  if (dtype === "float16") return Uint16Array.from(vector, halfBits);
  if (dtype === "int8") {
    const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), TINY);
    const scale = Math.fround(127 / largest);
    return Int8Array.from(vector, (value) => halfToEven(Math.fround(value * scale)));
  }
  const bytes = new Uint8Array(Math.ceil(vector.length / 8));
  vector.forEach((value, i) => {
    if (value > 0) bytes[i >> 3] = bytes[i >> 3]! | (0x80 >> (i & 7));
  });
  return bytes;
}

/** Whether a value is a vector. */
export function isVector(value: unknown): value is Vector {
  return (
    value instanceof Float32Array ||
    value instanceof Uint16Array ||
    value instanceof Int8Array ||
    value instanceof Uint8Array
  );
}

export function isBits(vector: Vector): boolean {
  return vector instanceof Uint8Array;
}

/** Whether a form keeps the length of a vector. */
export function keepsLength(vector: Vector): boolean {
  return vector instanceof Float32Array || vector instanceof Uint16Array;
}

/** Numbers in a vector. */
export function widthOf(vector: Vector): number {
  return vector.length * (isBits(vector) ? 8 : 1);
}

/** A vector of any form as floats; a bit is 1 or -1. */
export function floats(vector: Vector): Float32Array {
  if (vector instanceof Float32Array) return vector;
  if (vector instanceof Uint16Array) return Float32Array.from(vector, halfValue);
  if (vector instanceof Int8Array) return Float32Array.from(vector);
  const signs = new Float32Array(8 * vector.length);
  return signs.map((_, i) => (vector[i >> 3]! & (0x80 >> (i & 7)) ? 1 : -1));
}

/** The signs of a vector; bits as they are. */
export function asBits(vector: Vector): Vector {
  return isBits(vector) ? vector : packed(floats(vector), "binary");
}

/** Euclidean length, in float64. */
export function lengthOf(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  return Math.sqrt(sum);
}

/** A vector over its length; one of zeros stays one. */
export function unit(vector: Float32Array): Float32Array {
  const length = Math.max(lengthOf(vector), TINY);
  const found = new Float32Array(vector.length);
  for (let i = 0; i < found.length; i++) found[i] = vector[i]! / length;
  return found;
}

function halfToEven(value: number): number {
  const below = Math.floor(value);
  const apart = value - below;
  if (apart !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

const bitsOfFloat = new Uint32Array(1);
const floatOfBits = new Float32Array(bitsOfFloat.buffer);

/** The bits of the nearest number of float16, of two as near the even one. */
export function halfBits(value: number): number {
  floatOfBits[0] = value;
  const bits = bitsOfFloat[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(floatOfBits[0]!);
  if (Number.isNaN(magnitude)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | halfToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const power = 2 ** exponent > magnitude ? exponent - 1 : exponent;
  return sign | (((power + 15) << 10) + halfToEven((magnitude / 2 ** power - 1) * 1024));
}

/** The number that the bits of float16 stand for. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
