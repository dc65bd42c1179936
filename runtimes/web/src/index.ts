/** Run a bundle of edgebert in a browser, in Node or in React Native: texts in; vectors, labels,
 *  entities and answers out.
 *
 *      const model = await load("/models/minilm-int8/");
 *      const vector = await model.embed("one text");
 */

export type { BundleSource, FileContent, OnProgress, Progress } from "./bundle/index.ts";
export { BundleError, ClosedError, EdgebertError, InputError, ProviderError } from "./errors.ts";
export { load, type LoadOptions } from "./load.ts";
export type { Ask, Corpus, Model } from "./model/index.ts";
export type { GoldenAnswer, Verification } from "./model/golden.ts";
export type { ModelInfo } from "./model/info.ts";
export type * from "./model/options.ts";
export type { Stream } from "./pipeline/streams.ts";
export type { Drift, FileEntry, Manifest } from "./records/manifest.ts";
export type { OnnxRuntime, ProviderName } from "./sessions/runtime.ts";
export type { SessionOptions } from "./sessions/session.ts";
export type { Classification } from "./tasks/classification.ts";
export type { SparseVector } from "./tasks/embedding.ts";
export type { Entity } from "./tasks/entities.ts";
export type { Fill } from "./tasks/masks.ts";
export type { Answer } from "./tasks/questions.ts";
export type { Text } from "./text/index.ts";
export type { Dtype, Vector } from "./vectors/forms.ts";
export type { Hit } from "./vectors/ranking.ts";
export { loadInWorker, type LoadInWorkerOptions } from "./worker/client.ts";
export { hostModel } from "./worker/host.ts";
