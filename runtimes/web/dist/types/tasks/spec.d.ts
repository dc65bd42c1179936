/** What a model is, apart from its weights. */
import { type Aggregation, type Manifest, type Scoring } from "../records/manifest.js";
import type { Measure } from "../vectors/similarity.js";
/** A task: how its texts are read, and what of a run is kept. */
export interface Task {
    /** As in a manifest; Hugging Face's name of the pipeline. */
    readonly name: string;
    /** The method of `Model` that asks for it. */
    readonly verb: string;
    /** Names of the graph's outputs that an answer is made of. */
    readonly outputs: readonly string[];
    /** Whether two texts are answered together. */
    readonly readsPairs: boolean;
    /** Of what a text's output has a row: of itself, of each token, of each mask. */
    readonly rows: "text" | "token" | "mask";
    /** Whether each token has a row of logits over the vocabulary. */
    readonly overVocabulary: boolean;
}
/** What a manifest says of a model. */
export interface ModelSpec {
    readonly task: Task;
    readonly maxLength: number;
    /** Of its logits, in order; empty where they have no names. */
    readonly labels: readonly string[];
    readonly multiLabel: boolean;
    readonly scoring: Scoring;
    readonly prompts: Readonly<Record<string, string>>;
    /** The text before every text when no prompt is asked for. */
    readonly defaultPrompt: string;
    readonly maskToken: string | null;
    readonly aggregation: Aggregation;
    /** What vectors are compared by. */
    readonly measure: Measure;
    /** How many token ids have an embedding, where the tokenizer knows more. */
    readonly embeddingRows: number | null;
}
/** What a manifest says.
 *  @param origin the bundle, as errors name it.
 *  @throws BundleError it is for a task that this version does not know. */
export declare function specOf(manifest: Manifest, origin: string): ModelSpec;
