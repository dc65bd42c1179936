/** The tokens of a text that was read in parts, each taken from the part that shows most around it. */
import type { Encoding } from "./encoding.js";
import { type TokenizedText } from "./words.js";
/** A whole text's tokens, and where each is taken from. */
export interface Stitched {
    readonly tokenized: TokenizedText;
    /** For each token its part and its place there. */
    readonly found: readonly (readonly [part: number, token: number])[];
}
/** The tokens of a whole text; special tokens only where it has one part.
 *  @param windows parts in the text's order, which share `strideOf` tokens. */
export declare function stitchedTokens(text: string, windows: readonly Encoding[]): Stitched;
