/** Tokens to the inputs of a graph: micro-batches of similar length, padded. */
import type { Manifest } from "../records/manifest.js";
import type { Encoding } from "../text/index.js";
/** What a graph takes. */
export interface InputSpec {
    /** Names of its inputs. */
    readonly names: readonly string[];
    readonly dtype: "int64" | "int32";
    /** Batch and tokens, where it takes no other. */
    readonly shape: readonly [number, number] | null;
}
/** Texts that run together. */
export interface MicroBatch {
    /** Their places in the caller's list. */
    readonly places: readonly number[];
    /** Texts and tokens of the inputs, padding with them. */
    readonly shape: readonly [number, number];
    /** Integers [texts, tokens] by the input's name, padded on the right, and below where the graph takes more texts. */
    readonly inputs: ReadonlyMap<string, BigInt64Array | Int32Array>;
}
export declare function inputSpecOf(manifest: Manifest): InputSpec;
/** Group encodings of similar length, at most `tokensPerRun` padded tokens to a group, the longest
 *  first. A graph of fixed shape gets as many texts at a time as it takes. */
export declare function groupsOf(encodings: readonly Encoding[], { shape }: InputSpec, tokensPerRun: number): number[][];
/** The inputs of a graph for a group of texts. */
export declare function batchOf(encodings: readonly Encoding[], places: readonly number[], { names, dtype, shape }: InputSpec): MicroBatch;
