/** What can be read at all, and what is said of the rest. */
import type { Text, Tokenizer } from "./encoding.js";
/** The text at a place of a list or a stream, or an error that says what it is instead.
 *  @param pairs whether a pair of texts is one too.
 *  @throws InputError it is neither text nor a pair, or is no Unicode: it holds a lone surrogate. */
export declare function checkText(text: unknown, place: number, pairs: boolean): Text;
/** A text or a pair that can be read in parts of the tokenizer's length.
 *  @throws InputError it is neither, or both sides of a pair are too long. */
export declare function checkSides(text: unknown, place: number, tokenizer: Tokenizer): Text;
/** Why a pair cannot be read in parts; null where it can. */
export declare function refusalOfSides(pair: readonly [string, string], tokenizer: Tokenizer): string | null;
/** A question and its context.
 *  @throws InputError one of the two is not a text, or the question leaves no room for a context. */
export declare function checkQuestion(pair: unknown, place: number, tokenizer: Tokenizer): readonly [string, string];
/** Why a question is refused that fills the model alone. */
export declare function noRoom(maxLength: number): string;
/** Tokens that a question leaves for its context; Infinity where nothing is cut. */
export declare function roomBeside(question: string, tokenizer: Tokenizer): number;
/** Why a text of these tokens cannot be read; null where it can.
 *  @param rows embeddings that the model has. */
export declare function refusalOfIds(ids: readonly number[], rows: number, tokenizer: Tokenizer): string | null;
/** The tokens whose ids are beyond a table of so many embeddings, in the order of their ids. */
export declare function tokensBeyond(tokenizer: Tokenizer, rows: number): string[];
