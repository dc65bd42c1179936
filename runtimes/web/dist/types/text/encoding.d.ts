/** A text as its tokenizer reads it. */
/** UTF-16 code units `[start, end)` of a text as it was given: `text.slice(start, end)`. */
export type Span = readonly [number, number];
/** A text, or two that are read together. */
export type Text = string | readonly [string, string];
/** Tokens of a text, or of a part of it. All arrays but `overflowing` are as long as `ids`. */
export interface Encoding {
    /** What the graph is fed, special tokens with them. */
    readonly ids: readonly number[];
    /** Which side of a pair each token has, as the model counts them. */
    readonly typeIds: readonly number[];
    /** Each token as the vocabulary writes it. */
    readonly tokens: readonly string[];
    /** What each token stands for, in its own side of a pair; [0, 0] for special tokens. */
    readonly offsets: readonly Span[];
    /** Whether the tokenizer put the token there, rather than finding it in the text. */
    readonly specialTokens: readonly boolean[];
    /** The word each token is of, counted in its side; null for special tokens. */
    readonly wordIds: readonly (number | null)[];
    /** The side each token is of, 0 or 1; null for special tokens. */
    readonly sequenceIds: readonly (number | null)[];
    /** What does not fit, in further parts. */
    readonly overflowing: readonly Encoding[];
}
/** From which end a text is cut. */
export type Direction = "left" | "right";
/** Which side of a pair is cut. */
export type Strategy = "longest_first" | "only_first" | "only_second";
/** A bundle's tokenizer. It has no state: calls never change it. */
export interface Tokenizer {
    /** Most tokens that are read at once, special ones with them; null for any number. */
    readonly maxLength: number | null;
    readonly direction: Direction;
    readonly strategy: Strategy;
    /** Tokens that it knows, added ones with them. */
    readonly vocabularySize: number;
    /** The tokens of a text, cut as the tokenizer's file says.
     *  @throws InputError nothing can be cut: a question alone is too long, or has no context. */
    encode(text: Text): Encoding;
    /** Tokens of the whole text, special ones with them. */
    count(text: Text): number;
    /** All of a text in parts that follow each other, in its order; of a pair, each part has all of
     *  the shorter side (see `checkSides`). */
    parts(text: Text): Encoding[];
    /** All of a text in parts that overlap, in its order; of a pair, each part has all of the first
     *  side: a question with its context (see `checkQuestion`). */
    windows(text: Text): Encoding[];
    /** Another tokenizer of the same kind, which cuts elsewhere: after so many tokens (null for
     *  never), with parts that share `stride` tokens (0 by default). */
    cutAt(maxLength: number | null, stride?: number): Tokenizer;
    /** Special tokens that are put to a text, or to a pair. */
    numSpecialTokens(pair: boolean): number;
    tokenToId(token: string): number | undefined;
    idToToken(id: number): string | undefined;
    /** Every token with its id, added ones with them. */
    vocabulary(): ReadonlyMap<string, number>;
    /** Tokens as text. */
    decode(ids: readonly number[], options?: {
        readonly skipSpecialTokens?: boolean;
    }): string;
}
