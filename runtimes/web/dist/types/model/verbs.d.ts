/** What a model is asked, in lists and with plain values: here, or in a worker. */
import type { Classification } from "../tasks/classification.js";
import type { SparseVector } from "../tasks/embedding.js";
import type { Entity } from "../tasks/entities.js";
import type { Fill } from "../tasks/masks.js";
import type { Answer } from "../tasks/questions.js";
import type { Vector } from "../vectors/forms.js";
import type { Hit } from "../vectors/ranking.js";
import type { Verification } from "./golden.js";
import type { ModelInfo } from "./info.js";
import type { AnswerOptions, ClassifyOptions, CountOptions, EmbedOptions, EmbedSparseOptions, FillMaskOptions, SearchOptions, TagOptions, TruncatedOptions } from "./options.js";
/** Items as they were given, none of them checked; `start` is the place of the first one. */
type Asked<Options, A> = (items: readonly unknown[], start: number, options: Options) => Promise<A[]>;
export interface Verbs {
    readonly embed: Asked<EmbedOptions, Vector>;
    readonly embedSparse: Asked<EmbedSparseOptions, SparseVector>;
    readonly classify: Asked<ClassifyOptions, Classification>;
    readonly tag: Asked<TagOptions, Entity[]>;
    readonly fillMask: Asked<FillMaskOptions, Fill[]>;
    readonly answer: Asked<AnswerOptions, Answer>;
    readonly countTokens: Asked<CountOptions, number>;
    readonly truncated: Asked<TruncatedOptions, boolean>;
    readonly similarity: (a: unknown, b: unknown) => Promise<Float32Array[]>;
    readonly search: (queries: unknown, corpus: unknown, options: SearchOptions) => Promise<Hit[][]>;
    readonly verify: () => Promise<Verification>;
}
export type Verb = keyof Verbs;
/** A model, here or in a worker. */
export interface ModelCore {
    readonly info: ModelInfo;
    /** Options hold no signal: it stands beside them. */
    ask<V extends Verb>(verb: V, args: Parameters<Verbs[V]>, signal: AbortSignal | undefined): ReturnType<Verbs[V]>;
    close(): Promise<void>;
}
export {};
