/** Answers to questions, as spans of a context of any length. */
import { type Whole } from "./rows.js";
/** The answer to a question: `context.slice(start, end)`. */
export interface Answer {
    /** Empty for no answer, which stands at 0 to 0. */
    readonly text: string;
    /** Probability that it starts there times the probability that it ends there, among the tokens of
     *  its part and "not here". */
    readonly score: number;
    /** UTF-16 code units of the context, as JavaScript counts. */
    readonly start: number;
    readonly end: number;
}
/** The likeliest answer in all parts of a context.
 *  @param whole question and context, with rows [tokens, 2]: logits of where an answer starts and ends.
 *  @param allowNoAnswer whether it may be none, where each part finds that likelier. */
export declare function readAnswer({ text, parts, rows }: Whole, allowNoAnswer: boolean): Answer;
