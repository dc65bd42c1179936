/** `manifest.json`: everything that changes an answer. Keys are those of the file. */
import { type Decoded } from "./decoding.js";
/** The newest format that this version reads. */
export declare const FORMAT = 1;
export declare const EMBEDDINGS = "feature-extraction";
export declare const TEXT_CLASSIFICATION = "text-classification";
export declare const TOKEN_CLASSIFICATION = "token-classification";
export declare const FILL_MASK = "fill-mask";
export declare const QUESTION_ANSWERING = "question-answering";
export declare const SPARSE_EMBEDDINGS = "sparse-embedding";
/** How scores are made of logits. */
export declare const SCORINGS: readonly ["softmax", "sigmoid", "identity"];
export type Scoring = (typeof SCORINGS)[number];
/** How alike two embeddings are, by sentence-transformers' names: of a distance the negative. */
export declare const SIMILARITIES: readonly ["cosine", "dot", "euclidean", "manhattan"];
export type Similarity = (typeof SIMILARITIES)[number];
/** How the labels of tokens become those of words. */
export declare const AGGREGATIONS: readonly ["words", "simple", "first", "average", "max"];
export type Aggregation = (typeof AGGREGATIONS)[number];
/** Role of the graph that reads texts. */
export declare const ENCODER = "encoder";
declare const fileEntry: import("./decoding.js").Decode<{
    readonly sha256: string;
    readonly size_bytes: number;
} & {}>;
declare const drift: import("./decoding.js").Decode<{
    readonly mean: number;
    readonly p99: number;
    readonly max: number;
    readonly flips: number | null;
    readonly n: number;
    readonly texts: string;
    readonly promises: Readonly<Record<string, number>>;
} & {
    readonly others: readonly ({
        readonly texts: string;
        readonly n: number;
        readonly mean: number;
        readonly p99: number;
        readonly max: number;
        readonly flips: number | null;
    } & {})[];
}>;
/** Keys that every manifest has. */
export declare const REQUIRED: {
    format: import("./decoding.js").Decode<number>;
    task: import("./decoding.js").Decode<string>;
    architecture: import("./decoding.js").Decode<string>;
    precision: import("./decoding.js").Decode<string>;
    target: import("./decoding.js").Decode<string>;
    pooling: import("./decoding.js").Decode<string | null>;
    normalize: import("./decoding.js").Decode<boolean>;
    max_length: import("./decoding.js").Decode<number>;
    prompts: import("./decoding.js").Decode<Readonly<Record<string, string>>>;
    labels: import("./decoding.js").Decode<readonly string[]>;
    problem_type: import("./decoding.js").Decode<string | null>;
    inputs: import("./decoding.js").Decode<readonly string[]>;
    outputs: import("./decoding.js").Decode<readonly string[]>;
    attention_path: import("./decoding.js").Decode<string>;
    files: import("./decoding.js").Decode<Readonly<Record<string, {
        readonly sha256: string;
        readonly size_bytes: number;
    } & {}>>>;
    opset: import("./decoding.js").Decode<number>;
    ir_version: import("./decoding.js").Decode<number>;
    onnxruntime: import("./decoding.js").Decode<{
        readonly min: string;
        readonly tested: string;
    } & {}>;
    undocumented_operators: import("./decoding.js").Decode<readonly string[]>;
    coverage: import("./decoding.js").Decode<Readonly<Record<string, {
        readonly expected: number;
        readonly found: number;
    } & {}>>>;
    quantization: import("./decoding.js").Decode<({
        readonly scheme: string;
        readonly layers: readonly ({
            readonly name: string;
            readonly decision: string;
        } & {
            readonly sensitivity: number | null;
            readonly saturation: number | null;
        })[];
        readonly calibration: string | null;
        readonly batch_invariant: boolean;
        readonly cpu_classes: readonly string[];
    } & {
        readonly isa: string;
    }) | null>;
    drift: import("./decoding.js").Decode<({
        readonly mean: number;
        readonly p99: number;
        readonly max: number;
        readonly flips: number | null;
        readonly n: number;
        readonly texts: string;
        readonly promises: Readonly<Record<string, number>>;
    } & {
        readonly others: readonly ({
            readonly texts: string;
            readonly n: number;
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
        } & {})[];
    }) | null>;
    source: import("./decoding.js").Decode<{
        readonly id: string;
        readonly revision: string | null;
        readonly sha256: string;
    } & {}>;
};
/** Keys that older manifests lack. */
export declare const OPTIONAL: {
    created_with: import("./decoding.js").Decode<Readonly<Record<string, unknown>>>;
    default_prompt: import("./decoding.js").Decode<string | null>;
    ids: import("./decoding.js").Decode<string>;
    fixed_shape: import("./decoding.js").Decode<readonly [number, number] | null>;
    unfused: import("./decoding.js").Decode<Readonly<Record<string, string>>>;
    trimmed_vocabulary: import("./decoding.js").Decode<({
        readonly corpus: string;
        readonly texts: number;
        readonly pieces: number;
        readonly kept: number;
        readonly saved_bytes: number;
        readonly unseen: ({
            readonly texts: number;
            readonly pieces_before: number;
            readonly pieces_after: number;
            readonly unknown_before: number;
            readonly unknown_after: number;
        } & {}) | null;
    } & {}) | null>;
    activation: import("./decoding.js").Decode<string | null>;
    embedding_rows: import("./decoding.js").Decode<number | null>;
    mask_token: import("./decoding.js").Decode<string | null>;
    aggregation: import("./decoding.js").Decode<string | null>;
    digest: import("./decoding.js").Decode<string | null>;
    similarity: import("./decoding.js").Decode<string>;
    graphs: import("./decoding.js").Decode<Readonly<Record<string, string>>>;
    kernels: import("./decoding.js").Decode<({
        readonly arithmetic: number;
        readonly exact: boolean;
        readonly drift: {
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
            readonly n: number;
            readonly texts: string;
            readonly promises: Readonly<Record<string, number>>;
        } & {
            readonly others: readonly ({
                readonly texts: string;
                readonly n: number;
                readonly mean: number;
                readonly p99: number;
                readonly max: number;
                readonly flips: number | null;
            } & {})[];
        };
    } & {}) | null>;
    web: import("./decoding.js").Decode<({
        readonly onnxruntime_web: string;
        readonly node: string;
        readonly threads: number;
        readonly drift: {
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
            readonly n: number;
            readonly texts: string;
            readonly promises: Readonly<Record<string, number>>;
        } & {
            readonly others: readonly ({
                readonly texts: string;
                readonly n: number;
                readonly mean: number;
                readonly p99: number;
                readonly max: number;
                readonly flips: number | null;
            } & {})[];
        };
        readonly float_p50_ms: number | null;
        readonly candidates: readonly ({
            readonly name: string;
            readonly drift: number;
            readonly p50_ms: number;
            readonly chosen: boolean;
        } & {})[];
    } & {}) | null>;
    writing: import("./decoding.js").Decode<({
        readonly layers: number;
        readonly heads: number;
        readonly head_width: number;
        readonly vocabulary: number;
    } & {
        readonly begin_id: number;
        readonly end_id: number;
        readonly longest_per_token: number;
        readonly longest_more: number;
        readonly length_penalty: number;
    }) | null>;
};
export declare const decodeManifest: import("./decoding.js").Decode<{
    readonly format: number;
    readonly task: string;
    readonly architecture: string;
    readonly precision: string;
    readonly target: string;
    readonly pooling: string | null;
    readonly normalize: boolean;
    readonly max_length: number;
    readonly prompts: Readonly<Record<string, string>>;
    readonly labels: readonly string[];
    readonly problem_type: string | null;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attention_path: string;
    readonly files: Readonly<Record<string, {
        readonly sha256: string;
        readonly size_bytes: number;
    } & {}>>;
    readonly opset: number;
    readonly ir_version: number;
    readonly onnxruntime: {
        readonly min: string;
        readonly tested: string;
    } & {};
    readonly undocumented_operators: readonly string[];
    readonly coverage: Readonly<Record<string, {
        readonly expected: number;
        readonly found: number;
    } & {}>>;
    readonly quantization: ({
        readonly scheme: string;
        readonly layers: readonly ({
            readonly name: string;
            readonly decision: string;
        } & {
            readonly sensitivity: number | null;
            readonly saturation: number | null;
        })[];
        readonly calibration: string | null;
        readonly batch_invariant: boolean;
        readonly cpu_classes: readonly string[];
    } & {
        readonly isa: string;
    }) | null;
    readonly drift: ({
        readonly mean: number;
        readonly p99: number;
        readonly max: number;
        readonly flips: number | null;
        readonly n: number;
        readonly texts: string;
        readonly promises: Readonly<Record<string, number>>;
    } & {
        readonly others: readonly ({
            readonly texts: string;
            readonly n: number;
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
        } & {})[];
    }) | null;
    readonly source: {
        readonly id: string;
        readonly revision: string | null;
        readonly sha256: string;
    } & {};
} & {
    readonly created_with: Readonly<Record<string, unknown>>;
    readonly default_prompt: string | null;
    readonly ids: string;
    readonly fixed_shape: readonly [number, number] | null;
    readonly unfused: Readonly<Record<string, string>>;
    readonly trimmed_vocabulary: ({
        readonly corpus: string;
        readonly texts: number;
        readonly pieces: number;
        readonly kept: number;
        readonly saved_bytes: number;
        readonly unseen: ({
            readonly texts: number;
            readonly pieces_before: number;
            readonly pieces_after: number;
            readonly unknown_before: number;
            readonly unknown_after: number;
        } & {}) | null;
    } & {}) | null;
    readonly activation: string | null;
    readonly embedding_rows: number | null;
    readonly mask_token: string | null;
    readonly aggregation: string | null;
    readonly digest: string | null;
    readonly similarity: string;
    readonly graphs: Readonly<Record<string, string>>;
    readonly kernels: ({
        readonly arithmetic: number;
        readonly exact: boolean;
        readonly drift: {
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
            readonly n: number;
            readonly texts: string;
            readonly promises: Readonly<Record<string, number>>;
        } & {
            readonly others: readonly ({
                readonly texts: string;
                readonly n: number;
                readonly mean: number;
                readonly p99: number;
                readonly max: number;
                readonly flips: number | null;
            } & {})[];
        };
    } & {}) | null;
    readonly web: ({
        readonly onnxruntime_web: string;
        readonly node: string;
        readonly threads: number;
        readonly drift: {
            readonly mean: number;
            readonly p99: number;
            readonly max: number;
            readonly flips: number | null;
            readonly n: number;
            readonly texts: string;
            readonly promises: Readonly<Record<string, number>>;
        } & {
            readonly others: readonly ({
                readonly texts: string;
                readonly n: number;
                readonly mean: number;
                readonly p99: number;
                readonly max: number;
                readonly flips: number | null;
            } & {})[];
        };
        readonly float_p50_ms: number | null;
        readonly candidates: readonly ({
            readonly name: string;
            readonly drift: number;
            readonly p50_ms: number;
            readonly chosen: boolean;
        } & {})[];
    } & {}) | null;
    readonly writing: ({
        readonly layers: number;
        readonly heads: number;
        readonly head_width: number;
        readonly vocabulary: number;
    } & {
        readonly begin_id: number;
        readonly end_id: number;
        readonly longest_per_token: number;
        readonly longest_more: number;
        readonly length_penalty: number;
    }) | null;
}>;
export type Manifest = Decoded<typeof decodeManifest>;
export type FileEntry = Decoded<typeof fileEntry>;
export type Drift = Decoded<typeof drift>;
export {};
