/** From a bundle to a model that runs. */

import {
  type BundleSource,
  GOLDEN,
  openBundle,
  type OpenedBundle,
  type OnProgress,
  originOf,
  parsed,
  TOKENIZER,
} from "./bundle/index.ts";
import { throwIfAborted } from "./cancelling.ts";
import { BundleError } from "./errors.ts";
import { type Model, modelOf } from "./model/index.ts";
import { infoOf } from "./model/info.ts";
import { localModel } from "./model/local.ts";
import { proveOnNewVersion } from "./model/proving.ts";
import type { ModelCore } from "./model/verbs.ts";
import { inputSpecOf } from "./pipeline/batches.ts";
import { type Pipeline, rowsOf } from "./pipeline/running.ts";
import { EMBEDDINGS, type Manifest, SPARSE_EMBEDDINGS } from "./records/manifest.ts";
import { tokensPerRun } from "./sessions/budget.ts";
import { type Engine, engineOf } from "./sessions/engine.ts";
import { chosenBy, openSession, requireFitting, type SessionOptions } from "./sessions/session.ts";
import { type ModelSpec, specOf } from "./tasks/spec.ts";
import { openTokenizer, type Tokenizer } from "./text/index.ts";

/** How a bundle is loaded. */
export interface LoadOptions extends SessionOptions {
  /** Told how far the files have arrived. */
  readonly onProgress?: OnProgress;
  /** Cancels the load: it throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Load a bundle to run in this thread. Its files are held to their checksums; those of an address
 *  are kept in the browser's Cache Storage, from which they come the next time, also without network.
 *  @param source address of the bundle's folder, in Node also a folder, or its files.
 *  @throws BundleError it is no bundle, damaged (the message names the file), newer than this version,
 *      or fails its golden texts under an onnxruntime newer than it was tested with.
 *  @throws ProviderError no onnxruntime, a provider that does not start, or one the bundle is not made for.
 *  @throws InputError an option is out of its range. */
export async function load(source: BundleSource, options: LoadOptions = {}): Promise<Model> {
  return modelOf(await loadCore(source, options));
}

/** The same without the face that its user sees. */
export async function loadCore(source: BundleSource, options: LoadOptions): Promise<ModelCore> {
  const { signal } = options;
  throwIfAborted(signal);
  const chosen = await chosenBy(options);
  const origin = await originOf(source);
  const accept = (manifest: Manifest): void => {
    specOf(manifest, origin.name);
    requireFitting(origin.name, manifest, chosen);
  };
  const bundle = await openBundle(origin, accept, signal, options.onProgress);
  const spec = specOf(bundle.manifest, bundle.name);
  const tokenizer = tokenizerOf(bundle);
  const session = await openSession(bundle, chosen);
  const engine = engineOf(session);
  try {
    throwIfAborted(signal);
    const pipeline = pipelineOf(bundle, spec, tokenizer, engine);
    const width = await widthOf(pipeline, spec, tokenizer, signal);
    const told = { ...bundle, notes: [...bundle.notes, ...session.notes] };
    const info = infoOf(told, spec, engine, width);
    const core = localModel({ info, spec, tokenizer, pipeline, golden: bundle.files.get(GOLDEN)! });
    await proveOnNewVersion(core, origin.saved, signal);
    return core;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

function tokenizerOf({ name, files }: OpenedBundle): Tokenizer {
  try {
    return openTokenizer(parsed(files.get(TOKENIZER)!));
  } catch (error) {
    throw new BundleError(`${name}/${TOKENIZER} is damaged: ${(error as Error).message}`);
  }
}

function pipelineOf(
  { manifest }: OpenedBundle,
  { task, maskToken }: ModelSpec,
  tokenizer: Tokenizer,
  engine: Engine,
): Pipeline {
  return {
    engine,
    inputs: inputSpecOf(manifest),
    task,
    vocabulary: tokenizer.vocabularySize,
    maskId: maskToken === null ? undefined : tokenizer.tokenToId(maskToken),
    tokensPerRun: tokensPerRun(engine.provider),
  };
}

/** Numbers in an embedding, by a run where the graph does not say it; null for other models. */
async function widthOf(
  pipeline: Pipeline,
  { task }: ModelSpec,
  tokenizer: Tokenizer,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  if (task.name !== EMBEDDINGS && task.name !== SPARSE_EMBEDDINGS) return null;
  const said = pipeline.engine.widthOf(task.outputs[0]!);
  if (said !== null) return said;
  const [row] = await rowsOf(pipeline, [tokenizer.encode("")], signal);
  return row!.width;
}
