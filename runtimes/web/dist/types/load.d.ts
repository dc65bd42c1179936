/** From a bundle to a model that runs. */
import { type BundleSource, type OnProgress } from "./bundle/index.js";
import { type Model } from "./model/index.js";
import type { ModelCore } from "./model/verbs.js";
import { type SessionOptions } from "./sessions/session.js";
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
export declare function load(source: BundleSource, options?: LoadOptions): Promise<Model>;
/** The same without the face that its user sees. */
export declare function loadCore(source: BundleSource, options: LoadOptions): Promise<ModelCore>;
