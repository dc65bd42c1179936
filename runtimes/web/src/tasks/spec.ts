/** What a model is, apart from its weights. */

import { BundleError } from "../errors.ts";
import {
  type Aggregation,
  EMBEDDINGS,
  FILL_MASK,
  type Manifest,
  QUESTION_ANSWERING,
  type Scoring,
  SPARSE_EMBEDDINGS,
  TEXT_CLASSIFICATION,
  TOKEN_CLASSIFICATION,
} from "../records/manifest.ts";
import type { Measure } from "../vectors/similarity.ts";

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

const TASKS: readonly Task[] = [
  {
    name: EMBEDDINGS,
    verb: "embed",
    outputs: ["sentence_embedding"],
    readsPairs: false,
    rows: "text",
    overVocabulary: false,
  },
  {
    name: TEXT_CLASSIFICATION,
    verb: "classify",
    outputs: ["logits"],
    readsPairs: true,
    rows: "text",
    overVocabulary: false,
  },
  {
    name: TOKEN_CLASSIFICATION,
    verb: "tag",
    outputs: ["logits"],
    readsPairs: false,
    rows: "token",
    overVocabulary: false,
  },
  {
    name: FILL_MASK,
    verb: "fillMask",
    outputs: ["logits"],
    readsPairs: false,
    rows: "mask",
    overVocabulary: true,
  },
  {
    name: QUESTION_ANSWERING,
    verb: "answer",
    outputs: ["start_logits", "end_logits"],
    readsPairs: true,
    rows: "token",
    overVocabulary: false,
  },
  {
    name: SPARSE_EMBEDDINGS,
    verb: "embedSparse",
    outputs: ["sparse_embedding"],
    readsPairs: false,
    rows: "text",
    overVocabulary: true,
  },
];

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
export function specOf(manifest: Manifest, origin: string): ModelSpec {
  const task = TASKS.find(({ name }) => name === manifest.task);
  if (!task) {
    const known = TASKS.map(({ name }) => name).join(", ");
    throw new BundleError(
      `${origin} is for the task '${manifest.task}'; this version knows ${known}`,
    );
  }
  const multiLabel = manifest.problem_type === "multi_label_classification";
  const named = manifest.default_prompt;
  return {
    task,
    maxLength: manifest.max_length,
    labels: manifest.labels,
    multiLabel,
    scoring: (manifest.activation ?? (multiLabel ? "sigmoid" : "softmax")) as Scoring,
    prompts: manifest.prompts,
    defaultPrompt: (named !== null && manifest.prompts[named]) || "",
    maskToken: manifest.mask_token,
    aggregation: (manifest.aggregation ?? "first") as Aggregation, // of bundles older than the choice
    measure: { name: manifest.similarity as Measure["name"], unit: manifest.normalize },
    embeddingRows: manifest.embedding_rows,
  };
}
