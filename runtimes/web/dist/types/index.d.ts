/** Run a bundle of edgebert in a browser, in Node or in React Native: texts in; vectors, labels,
 *  entities and answers out.
 *
 *      const model = await load("/models/minilm-int8/");
 *      const vector = await model.embed("one text");
 */
export type { BundleSource, FileContent, OnProgress, Progress } from "./bundle/index.js";
export { BundleError, ClosedError, EdgebertError, InputError, ProviderError } from "./errors.js";
export { load, type LoadOptions } from "./load.js";
export type { Ask, Corpus, Model } from "./model/index.js";
export type { GoldenAnswer, Verification } from "./model/golden.js";
export type { ModelInfo } from "./model/info.js";
export type * from "./model/options.js";
export type { Stream } from "./pipeline/streams.js";
export type { Drift, FileEntry, Manifest } from "./records/manifest.js";
export type { OnnxRuntime, ProviderName } from "./sessions/runtime.js";
export type { SessionOptions } from "./sessions/session.js";
export type { Classification } from "./tasks/classification.js";
export type { SparseVector } from "./tasks/embedding.js";
export type { Entity } from "./tasks/entities.js";
export type { Fill } from "./tasks/masks.js";
export type { Answer } from "./tasks/questions.js";
export type { Text } from "./text/index.js";
export type { Dtype, Vector } from "./vectors/forms.js";
export type { Hit } from "./vectors/ranking.js";
export { loadInWorker, type LoadInWorkerOptions } from "./worker/client.js";
export { hostModel } from "./worker/host.js";
