/** Which characters a token stands for, and which tokens make a word. */
import type { Encoding, Span } from "./encoding.js";
/** A text as the tokenizer sees it. */
export interface TokenizedText {
    readonly text: string;
    /** Each token's characters, without blanks around them; of a token that is nothing but a blank,
     *  and of a special token, start is end. */
    readonly offsets: readonly Span[];
    /** Each token's word, null for special tokens. */
    readonly wordIds: readonly (number | null)[];
}
/** Tokens that are labelled together, and their characters. */
export interface Word {
    readonly start: number;
    readonly end: number;
    /** Places among the tokens, at least one. */
    readonly tokens: readonly number[];
}
export declare function tokenizedText(text: string, encoding: Encoding): TokenizedText;
/** The characters of a token, without the blanks that many tokenizers count among them; of a token
 *  that is nothing but a blank, start and end are its start. A blank that the tokenizer put before
 *  the text has no character of its own, though its offsets name the first one.
 *  @param piece the token as its vocabulary writes it. */
export declare function tokenSpan(text: string, span: Span, piece: string): Span;
/** Each token by itself; those without characters are left out. */
export declare function singleTokens(tokenized: TokenizedText): Word[];
/** The words of the tokenizer: of some all that stands between two spaces. */
export declare function wholeWords(tokenized: TokenizedText): Word[];
/** The words of the tokenizer, cut where a token begins after a word has ended: at a blank, before
 *  and behind punctuation, and with each token of a script that is written without spaces. So words
 *  are alike for tokenizers that look for all of this and for those that only look for spaces. */
export declare function splitWords(tokenized: TokenizedText): Word[];
