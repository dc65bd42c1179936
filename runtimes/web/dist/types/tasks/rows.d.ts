/** What the graph says of a text: one row of numbers, or one for each token or mask. */
import type { Encoding, Text } from "../text/index.js";
/** Rows of as many numbers each, one after the other. */
export interface Rows {
    readonly data: Float32Array;
    /** Numbers in a row. */
    readonly width: number;
}
/** A text, the parts it was read in, and what the graph says of each. */
export interface Whole {
    readonly text: Text;
    readonly parts: readonly Encoding[];
    readonly rows: readonly Rows[];
}
/** A row by its place. */
export declare function rowOf({ data, width }: Rows, place: number): Float32Array;
/** Place of the largest, of equals the first. */
export declare function argmax(values: ArrayLike<number>): number;
