/** Embeddings: one vector for each text, dense or of the pieces of a vocabulary. */
import type { Hit } from "../vectors/ranking.js";
import type { Whole } from "./rows.js";
/** The pieces of a vocabulary that a text stands for, and what each weighs (SPLADE). */
export interface SparseVector {
    /** Ids of the pieces, ascending. */
    readonly indices: Int32Array;
    /** Of each, above 0. */
    readonly weights: Float32Array;
}
/** The mean of the vectors of a text's parts, each counted by its tokens; of one part its vector.
 *  @param normalize whether the mean is brought back to length 1. */
export declare function meanVector({ parts, rows }: Whole, normalize: boolean): Float32Array;
/** What is not 0 of a vector over the vocabulary. */
export declare function sparseOf(vector: Float32Array): SparseVector;
export declare function isSparse(value: unknown): value is SparseVector;
/** The k texts with the largest dot product to each query, of equals the first one first. */
export declare function nearestSparse(queries: readonly SparseVector[], corpus: readonly SparseVector[], k: number, texts: readonly string[] | null): Hit[][];
