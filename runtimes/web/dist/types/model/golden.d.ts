/** Does this device give the answers that the bundle promised where it was made? */
import type { Rows } from "../tasks/rows.js";
import type { Text } from "../text/index.js";
import type { GoldenText } from "../records/golden.js";
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
export declare function verificationOf(answers: readonly GoldenAnswer[]): Verification;
/** One text held to what was promised.
 *  @param ids of its tokens here.
 *  @param columns of an output that are kept; none for all. */
export declare function goldenAnswer(golden: GoldenText, ids: readonly number[], output: Rows, columns: readonly number[], roundsOtherwise: boolean): GoldenAnswer;
/** The text of a golden answer, or the two that are read together. */
export declare function textOf({ text }: GoldenText): Text;
/** Infinite where there are not as many numbers, or one is none. */
export declare function relativeDistance(answer: Float32Array, promised: Float64Array): number;
