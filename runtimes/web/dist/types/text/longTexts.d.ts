/** Texts that are longer than what a model reads at a time. */
import type { Encoding } from "./encoding.js";
/** What is done with a long text: its beginning is read, or all of it in parts. */
export declare const LONG_TEXTS: readonly ["truncate", "mean"];
export type LongText = (typeof LONG_TEXTS)[number];
/** Tokens that neighbouring parts share where each has room for so many: half of the room at most,
 *  so that parts move on. */
export declare function strideOf(room: number): number;
/** Tokens of a text in a part of it, special ones aside. */
export declare function tokensOf(part: Encoding): number;
/** Why a pair is refused that cannot be read in parts. */
export declare function bothTooLong(maxLength: number): string;
