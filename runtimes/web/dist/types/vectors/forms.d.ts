/** Forms of a vector: cut short, in fewer bits, and back to floats. */
/** Forms of a vector, by the dtype of its numbers. */
export declare const DTYPES: readonly ["float32", "float16", "int8", "binary"];
export type Dtype = (typeof DTYPES)[number];
/** A vector: float32 [dim]; float16 as its bits, in a Uint16Array (`new Float16Array(v.buffer)`
 *  where the engine has that); int8 [dim]; of "binary" 8 signs in each byte [dim / 8]. */
export type Vector = Float32Array | Uint16Array | Int8Array | Uint8Array;
/** A vector shorter than this has no direction. */
export declare const TINY = 1e-12;
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
export declare function checkForm(width: number, normalize: boolean, truncateDim: number | undefined, dtype: string): Form;
/** A vector of the model in a form, and in memory of its own. */
export declare function formed(vector: Float32Array, { dim, normalize, dtype }: Form): Vector;
/** A vector in fewer bits. int8: each number times 127 over the largest magnitude, so that no cosine
 *  depends on the scale; lengths are lost. binary: whether a number is above 0, the first in the
 *  highest bit of a byte. */
export declare function packed(vector: Float32Array, dtype: Dtype): Vector;
/** Whether a value is a vector. */
export declare function isVector(value: unknown): value is Vector;
export declare function isBits(vector: Vector): boolean;
/** Whether a form keeps the length of a vector. */
export declare function keepsLength(vector: Vector): boolean;
/** Numbers in a vector. */
export declare function widthOf(vector: Vector): number;
/** A vector of any form as floats; a bit is 1 or -1. */
export declare function floats(vector: Vector): Float32Array;
/** The signs of a vector; bits as they are. */
export declare function asBits(vector: Vector): Vector;
/** Euclidean length, in float64. */
export declare function lengthOf(vector: ArrayLike<number>): number;
/** A vector over its length; one of zeros stays one. */
export declare function unit(vector: Float32Array): Float32Array;
/** The bits of the nearest number of float16, of two as near the even one. */
export declare function halfBits(value: number): number;
/** The number that the bits of float16 stand for. */
export declare function halfValue(bits: number): number;
