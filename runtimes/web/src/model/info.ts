/** What a loaded model says of itself: plain values, which go to a worker and back. */

import { checkChoice, told } from "../bounds.ts";
import type { OpenedBundle } from "../bundle/index.ts";
import { InputError } from "../errors.ts";
import { fingerprintOf, promptOption } from "../records/fingerprint.ts";
import {
  AGGREGATIONS,
  type Aggregation,
  type Manifest,
  type Scoring,
  type Similarity,
} from "../records/manifest.ts";
import type { Engine } from "../sessions/engine.ts";
import type { ModelSpec } from "../tasks/spec.ts";
import { LONG_TEXTS } from "../text/index.ts";
import type { MadeByOptions } from "./options.ts";

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

export function infoOf(
  { name, manifest, notes }: OpenedBundle,
  spec: ModelSpec,
  engine: Engine,
  width: number | null,
): ModelInfo {
  const info = {
    path: name,
    manifest,
    task: spec.task.name,
    maxLength: spec.maxLength,
    labels: spec.labels,
    multiLabel: spec.multiLabel,
    scoring: spec.scoring,
    maskToken: spec.maskToken,
    aggregation: spec.aggregation,
    similarityFnName: spec.measure.name,
    prompts: spec.prompts,
    defaultPrompt: spec.defaultPrompt,
    width,
    provider: engine.provider,
    threads: engine.threads,
    onnxruntime: engine.version,
    notes,
  };
  return { ...info, fingerprint: madeBy(info, {}) };
}

/** The text of a prompt, given its name.
 *  @throws InputError the model has no such prompt. */
export function promptOf(
  { path, prompts, defaultPrompt }: Pick<ModelInfo, "path" | "prompts" | "defaultPrompt">,
  name: unknown,
): string {
  if (name === undefined) return defaultPrompt;
  if (name === "") return "";
  if (typeof name !== "string")
    throw new InputError(`prompt=${told(name)}: expected the name of a prompt`);
  if (Object.hasOwn(prompts, name)) return prompts[name]!;
  const known = Object.keys(prompts).join(", ") || "none";
  throw new InputError(`${path} has no prompt '${name}'; it has: ${known}`);
}

/** The fingerprint of answers with these options.
 *  @throws InputError there is no such prompt, aggregation or way to read long texts. */
export function madeBy(info: Omit<ModelInfo, "fingerprint">, options: MadeByOptions): string {
  const { prompt, aggregation, longText, allowNoAnswer } = options;
  if (aggregation !== undefined) checkChoice("aggregation", aggregation, AGGREGATIONS);
  if (longText !== undefined) checkChoice("longText", longText, LONG_TEXTS);
  return fingerprintOf(info.manifest, info.scoring, info.provider, {
    prompt: promptOption(info.manifest, promptOf(info, prompt)),
    aggregation: aggregation === undefined || aggregation === info.aggregation ? "" : aggregation,
    long_text: longText === undefined || longText === "truncate" ? "" : longText,
    no_answer: allowNoAnswer ? "allowed" : "",
  });
}
