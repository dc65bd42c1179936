/** What a loaded model says of itself: plain values, which go to a worker and back. */
import type { OpenedBundle } from "../bundle/index.js";
import { type Aggregation, type Manifest, type Scoring, type Similarity } from "../records/manifest.js";
import type { Engine } from "../sessions/engine.js";
import type { ModelSpec } from "../tasks/spec.js";
import type { MadeByOptions } from "./options.js";
/** What a loaded model says of itself. */
export interface ModelInfo {
    /** The bundle: its address, its folder, or "the files given". */
    readonly path: string;
    readonly manifest: Manifest;
    /** By Hugging Face's name of the pipeline. */
    readonly task: string;
    /** Longest input in tokens. */
    readonly maxLength: number;
    /** Of its logits, in order; empty where they have no names. */
    readonly labels: readonly string[];
    /** Whether a text may have several labels. */
    readonly multiLabel: boolean;
    /** How scores are made of logits. */
    readonly scoring: Scoring;
    /** What stands for a word to guess, where words are guessed. */
    readonly maskToken: string | null;
    /** How the labels of tokens become those of words. */
    readonly aggregation: Aggregation;
    /** What vectors are compared by, by sentence-transformers' name. */
    readonly similarityFnName: Similarity;
    /** Texts that stand before texts, by name. */
    readonly prompts: Readonly<Record<string, string>>;
    /** The text that stands before every text when no prompt is asked for. */
    readonly defaultPrompt: string;
    /** Numbers in an embedding; null for other models. */
    readonly width: number | null;
    /** What runs it: "cpu", "wasm" or "webgpu"; what "auto" chose. */
    readonly provider: Engine["provider"];
    /** Cores that one run uses. */
    readonly threads: number;
    /** Version of onnxruntime. */
    readonly onnxruntime: string;
    /** What its user should know: fewer threads than asked for, nothing kept for next time, a copy
     *  that was read without network. */
    readonly notes: readonly string[];
    /** What answers are known by: equal when, and only when, vectors may be mixed; equal to what
     *  edgebert says in Python where the same provider runs the same bundle. */
    readonly fingerprint: string;
}
export declare function infoOf({ name, manifest, notes }: OpenedBundle, spec: ModelSpec, engine: Engine, width: number | null): ModelInfo;
/** The text of a prompt, given its name.
 *  @throws InputError the model has no such prompt. */
export declare function promptOf({ path, prompts, defaultPrompt }: Pick<ModelInfo, "path" | "prompts" | "defaultPrompt">, name: unknown): string;
/** The fingerprint of answers with these options.
 *  @throws InputError there is no such prompt, aggregation or way to read long texts. */
export declare function madeBy(info: Omit<ModelInfo, "fingerprint">, options: MadeByOptions): string;
