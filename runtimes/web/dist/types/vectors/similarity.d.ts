/** Texts and vectors side by side: what a caller gave, and how alike they are. */
import type { Similarity } from "../records/manifest.js";
import { type Dtype, type Vector } from "./forms.js";
/** What a model's vectors are compared by. */
export interface Measure {
    readonly name: Similarity;
    /** Whether the model's vectors have length 1, so that no form of them loses it. */
    readonly unit: boolean;
}
/** One text or vector, or several. */
export type Compared = string | Vector | readonly string[] | readonly Vector[];
/** Whether this is one text or one vector, not several. */
export declare function isOne(value: unknown): value is string | Vector;
/** @throws InputError vectors of a form could not be compared by what needs their lengths. */
export declare function requireKept({ name, unit }: Measure, dtype: Dtype): void;
/** Vectors as they are, and texts as vectors.
 *  @param name of the values, for errors.
 *  @param embed gives vectors of a list of texts.
 *  @throws InputError they are neither, or of different widths. */
export declare function vectorsOf(name: string, values: unknown, embed: (texts: readonly string[]) => Promise<readonly Vector[]>): Promise<readonly Vector[]>;
/** How alike each row of one side is to each of the other, a Float32Array for each row of `a`.
 *  Where one side holds bits, only the signs of the other count.
 *  @throws InputError their widths differ, a number is not finite, or a form lost the lengths. */
export declare function similarities(a: readonly Vector[], b: readonly Vector[], names: readonly [string, string], measure: Measure): Float32Array[];
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
export declare function comparable(vectors: readonly Vector[], name: string, measure: Measure, bits: boolean, start?: number): Comparable[];
/** How alike two vectors are. */
export declare function likeness(one: Comparable, other: Comparable, name: Similarity): number;
/** @throws InputError the two sides were not embedded alike. */
export declare function requireSameWidth(a: readonly Vector[], b: readonly Vector[], names: readonly [string, string]): void;
