/** Words for masks: the likeliest tokens, and the text with each of them filled in. */
import { type Tokenizer } from "../text/index.js";
import { type Whole } from "./rows.js";
/** A token for a mask. */
export interface Fill {
    /** As the tokenizer writes it by itself ("paris", "##ing", " Paris"). */
    readonly token: string;
    readonly id: number;
    /** Its probability, of all tokens of the vocabulary. */
    readonly score: number;
    /** The text with the token in the place of this mask; other masks still stand. */
    readonly text: string;
    /** Which of the text's masks, 0 for the first. */
    readonly mask: number;
}
/** Where the mask stands among the tokens. */
export declare function placesOf(ids: readonly number[], maskId: number | undefined): number[];
/** A text with masks, none of them cut off.
 *  @throws InputError it is no text, has no mask, or one is cut off. */
export declare function checkMasks(item: unknown, place: number, tokenizer: Tokenizer, mask: string): string;
/** The k likeliest tokens for each mask of a text, mask by mask, likeliest first. */
export declare function readFills(whole: Whole, tokenizer: Tokenizer, mask: string, k: number): Fill[];
