/** What the methods of a model take beside texts. */
import type { Aggregation } from "../records/manifest.js";
import type { LongText } from "../text/index.js";
import type { Dtype } from "../vectors/forms.js";
/** What every method takes. */
export interface Cancelling {
    /** Cancels the call: it throws the signal's reason, as `fetch` does, and the rest is not computed. */
    readonly signal?: AbortSignal;
}
export interface PromptOption {
    /** Name of a prompt in the manifest that is put before every text; by default the model's own,
     *  where it has one, and with "" none. */
    readonly prompt?: string;
}
export interface LongTextOption {
    /** "truncate" (default) reads the beginning of a text that is longer; "mean" reads all of it in
     *  parts, of a pair its longer side beside all of the other, and gives the mean of their vectors or
     *  scores, each counted by its tokens. */
    readonly longText?: LongText;
}
export interface MaxLengthOption {
    /** Tokens that are read of a text; at most the bundle's. */
    readonly maxLength?: number;
}
export interface EmbedOptions extends Cancelling, PromptOption, LongTextOption, MaxLengthOption {
    /** How many of the first numbers of a vector are kept, for models trained so that these hold the
     *  most (Matryoshka); of length 1 again where the model's are. */
    readonly truncateDim?: number;
    /** "float32" (default), "float16", "int8" or "binary": int8 and bits keep directions, not lengths. */
    readonly dtype?: Dtype;
}
export interface EmbedSparseOptions extends Cancelling, PromptOption, LongTextOption {
}
export interface ClassifyOptions extends Cancelling, LongTextOption {
}
export interface TagOptions extends Cancelling {
    /** How the labels of tokens become those of words; by default as the manifest says. "words" takes
     *  the label of a word's first token, and ends words at blanks, at punctuation, and with every token
     *  of a script without spaces; the others are those of transformers. */
    readonly aggregation?: Aggregation;
}
export interface FillMaskOptions extends Cancelling {
    /** How many guesses for each mask; 5 by default. */
    readonly k?: number;
}
export interface AnswerOptions extends Cancelling {
    /** Let the answer be empty where that is likelier, for models that were trained on questions
     *  without one (SQuAD 2). */
    readonly allowNoAnswer?: boolean;
}
export interface SearchOptions extends Cancelling {
    /** How many to find, 10 by default; all where the corpus has fewer. */
    readonly k?: number;
}
export interface CountOptions extends Cancelling, PromptOption {
}
export interface TruncatedOptions extends Cancelling, PromptOption, MaxLengthOption {
}
/** Options that change an answer, of any method. */
export interface MadeByOptions extends PromptOption, LongTextOption {
    readonly aggregation?: Aggregation;
    readonly allowNoAnswer?: boolean;
}
