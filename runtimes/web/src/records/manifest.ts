/** `manifest.json`: everything that changes an answer. Keys are those of the file. */

import {
  anything,
  boolean,
  type Decoded,
  dictionary,
  integer,
  list,
  nullable,
  number,
  object,
  string,
  two,
} from "./decoding.ts";

/** The newest format that this version reads. */
export const FORMAT = 1;

export const EMBEDDINGS = "feature-extraction";
export const TEXT_CLASSIFICATION = "text-classification";
export const TOKEN_CLASSIFICATION = "token-classification";
export const FILL_MASK = "fill-mask";
export const QUESTION_ANSWERING = "question-answering";
export const SPARSE_EMBEDDINGS = "sparse-embedding";

/** How scores are made of logits. */
export const SCORINGS = ["softmax", "sigmoid", "identity"] as const;
export type Scoring = (typeof SCORINGS)[number];

/** How alike two embeddings are, by sentence-transformers' names: of a distance the negative. */
export const SIMILARITIES = ["cosine", "dot", "euclidean", "manhattan"] as const;
export type Similarity = (typeof SIMILARITIES)[number];

/** How the labels of tokens become those of words. */
export const AGGREGATIONS = ["words", "simple", "first", "average", "max"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Role of the graph that reads texts. */
export const ENCODER = "encoder";

const fileEntry = object({ sha256: string, size_bytes: integer }, {}, {});
const range = object({ min: string, tested: string }, {}, {});
const count = object({ expected: integer, found: integer }, {}, {});
const layer = object(
  { name: string, decision: string },
  { sensitivity: nullable(number), saturation: nullable(number) },
  { sensitivity: null, saturation: null },
);
const quantization = object(
  {
    scheme: string,
    layers: list(layer),
    calibration: nullable(string),
    batch_invariant: boolean,
    cpu_classes: list(string),
  },
  { isa: string },
  { isa: "vnni" },
);
const kindDrift = object(
  { texts: string, n: integer, mean: number, p99: number, max: number, flips: nullable(number) },
  {},
  {},
);
const drift = object(
  {
    mean: number,
    p99: number,
    max: number,
    flips: nullable(number),
    n: integer,
    texts: string,
    promises: dictionary(number),
  },
  { others: list(kindDrift) },
  { others: [] },
);
const kernels = object({ arithmetic: integer, exact: boolean, drift }, {}, {});
const webCandidate = object(
  { name: string, drift: number, p50_ms: number, chosen: boolean },
  {},
  {},
);
const web = object(
  {
    onnxruntime_web: string,
    node: string,
    threads: integer,
    drift,
    float_p50_ms: nullable(number),
    candidates: list(webCandidate),
  },
  {},
  {},
);
const source = object({ id: string, revision: nullable(string), sha256: string }, {}, {});
const unseen = object(
  {
    texts: integer,
    pieces_before: integer,
    pieces_after: integer,
    unknown_before: integer,
    unknown_after: integer,
  },
  {},
  {},
);
const trimmed = object(
  {
    corpus: string,
    texts: integer,
    pieces: integer,
    kept: integer,
    saved_bytes: integer,
    unseen: nullable(unseen),
  },
  {},
  {},
);

const writing = object(
  { layers: integer, heads: integer, head_width: integer, vocabulary: integer },
  {
    begin_id: integer,
    end_id: integer,
    longest_per_token: integer,
    longest_more: integer,
    length_penalty: number,
  },
  { begin_id: 1, end_id: 2, longest_per_token: 2, longest_more: 10, length_penalty: 1 },
);

/** Keys that every manifest has. */
export const REQUIRED = {
  format: integer,
  task: string,
  architecture: string,
  precision: string,
  target: string,
  pooling: nullable(string),
  normalize: boolean,
  max_length: integer,
  prompts: dictionary(string),
  labels: list(string),
  problem_type: nullable(string),
  inputs: list(string),
  outputs: list(string),
  attention_path: string,
  files: dictionary(fileEntry),
  opset: integer,
  ir_version: integer,
  onnxruntime: range,
  undocumented_operators: list(string),
  coverage: dictionary(count),
  quantization: nullable(quantization),
  drift: nullable(drift),
  source,
};

/** Keys that older manifests lack. */
export const OPTIONAL = {
  created_with: dictionary(anything),
  default_prompt: nullable(string),
  ids: string,
  fixed_shape: nullable(two(integer)),
  unfused: dictionary(string),
  trimmed_vocabulary: nullable(trimmed),
  activation: nullable(string),
  embedding_rows: nullable(integer),
  mask_token: nullable(string),
  aggregation: nullable(string),
  digest: nullable(string),
  similarity: string,
  graphs: dictionary(string),
  kernels: nullable(kernels),
  web: nullable(web),
  writing: nullable(writing),
};

export const decodeManifest = object(REQUIRED, OPTIONAL, {
  created_with: {},
  default_prompt: null,
  ids: "int64",
  fixed_shape: null,
  unfused: {},
  trimmed_vocabulary: null,
  activation: null,
  embedding_rows: null,
  mask_token: null,
  aggregation: null,
  digest: null,
  similarity: "cosine",
  graphs: { [ENCODER]: "model.onnx" },
  kernels: null,
  web: null,
  writing: null,
});

export type Manifest = Decoded<typeof decodeManifest>;
export type FileEntry = Decoded<typeof fileEntry>;
export type Drift = Decoded<typeof drift>;
