/** What a loaded bundle can be asked: texts in; vectors, labels, entities and answers out. */
import { type Stream } from "../pipeline/streams.js";
import type { Classification } from "../tasks/classification.js";
import type { SparseVector } from "../tasks/embedding.js";
import type { Entity } from "../tasks/entities.js";
import type { Fill } from "../tasks/masks.js";
import type { Answer } from "../tasks/questions.js";
import type { Text } from "../text/index.js";
import type { Vector } from "../vectors/forms.js";
import { type Hit } from "../vectors/ranking.js";
import type { Verification } from "./golden.js";
import { type ModelInfo } from "./info.js";
import type { AnswerOptions, Cancelling, ClassifyOptions, CountOptions, EmbedOptions, EmbedSparseOptions, FillMaskOptions, MadeByOptions, SearchOptions, TagOptions, TruncatedOptions } from "./options.js";
import type { ModelCore } from "./verbs.js";
/** One text gives one answer, a list a list in its order, and any other iterable a generator, which
 *  reads ahead what is there and waits for no more. A pair of texts is a list of two in a list. */
export interface Ask<Item, Answered, Options> {
    (text: string, options?: Options): Promise<Answered>;
    (texts: readonly Item[], options?: Options): Promise<Answered[]>;
    (texts: Stream<Item>, options?: Options): AsyncGenerator<Answered, void>;
}
/** A bundle that is ready to run. Every method throws `ClosedError` after `close`, `InputError` for
 *  another kind of bundle, for what is no text and for options out of range (in a list the message
 *  says which text), and the reason of its `signal` when that is cancelled. */
export interface Model extends ModelInfo {
    /** Turn texts into vectors: float32 [dim], or another form (`dtype`). */
    readonly embed: Ask<string, Float32Array, EmbedOptions & {
        readonly dtype?: "float32";
    }> & Ask<string, Vector, EmbedOptions>;
    /** Turn texts into weights of the pieces of the vocabulary, most of them 0 (SPLADE). */
    readonly embedSparse: Ask<string, SparseVector, EmbedSparseOptions>;
    /** Compare texts or vectors by what the model is for, mostly their cosine: a number for one and
     *  one; for several and several a Float32Array [b] for each of a; where one side is one, one. */
    similarity(a: string | Vector, b: string | Vector, options?: Cancelling): Promise<number>;
    similarity(a: string | Vector, b: readonly string[] | readonly Vector[], options?: Cancelling): Promise<Float32Array>;
    similarity(a: readonly string[] | readonly Vector[], b: string | Vector, options?: Cancelling): Promise<Float32Array>;
    similarity(a: readonly string[] | readonly Vector[], b: readonly string[] | readonly Vector[], options?: Cancelling): Promise<Float32Array[]>;
    /** Find the texts of a corpus that are nearest to each query, nearest first, of equals the first
     *  one first. All are compared. Texts are embedded anew at each call, queries with the prompt
     *  "query", the corpus with "document", "passage" or "corpus", where the manifest has one. */
    search(query: string | Vector, corpus: Corpus, options?: SearchOptions): Promise<Hit[]>;
    search(queries: readonly string[] | readonly Vector[], corpus: Corpus, options?: SearchOptions): Promise<Hit[][]>;
    search(queries: Stream<string> | Stream<Vector>, corpus: Corpus, options?: SearchOptions): AsyncGenerator<Hit[], void>;
    /** Classify texts and pairs of texts. */
    readonly classify: Ask<Text, Classification, ClassifyOptions>;
    /** Sort texts by how well they answer a query, the best first, by a bundle with a single label. */
    rerank(query: string, texts: readonly string[], options?: Cancelling): Promise<Hit[]>;
    /** Find the entities in texts of any length. */
    readonly tag: Ask<string, Entity[], TagOptions>;
    /** Guess what stands in the place of each mask (`maskToken`), the likeliest first, mask by mask. */
    readonly fillMask: Ask<string, Fill[], FillMaskOptions>;
    /** Find the answer to a question in a context of any length. One text on either side goes with
     *  each of the other side. Answers have at most 30 tokens. */
    answer(question: string, context: string, options?: AnswerOptions): Promise<Answer>;
    answer(question: string | readonly string[], context: string | readonly string[], options?: AnswerOptions): Promise<Answer[]>;
    answer(question: string | Stream<string>, context: string | Stream<string>, options?: AnswerOptions): AsyncGenerator<Answer, void>;
    /** Count the tokens of whole texts, special tokens and the prompt of `embed` included. */
    readonly countTokens: Ask<Text, number, CountOptions>;
    /** Say whether texts are longer than what the model reads of them. */
    readonly truncated: Ask<Text, boolean, TruncatedOptions>;
    /** Run the texts whose answers the bundle promised: tokens, and distances to what was expected
     *  and to the fp32 reference, within the bundle's tolerance.
     *  @throws BundleError golden.json is damaged, or the graph cannot run. */
    verify(options?: Cancelling): Promise<Verification>;
    /** The fingerprint of answers with these options. */
    madeBy(options: MadeByOptions): string;
    /** Give memory back, once runs that were begun have ended. */
    close(): Promise<void>;
}
/** Texts that are searched, or their vectors, dense or sparse. */
export type Corpus = readonly string[] | readonly Vector[] | readonly SparseVector[];
/** The face of a model, here or in a worker. */
export declare function modelOf(core: ModelCore): Model;
