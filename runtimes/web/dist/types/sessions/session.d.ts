/** The session of a bundle's graph, with the settings that were measured to be right. */
import type { InferenceSession } from "onnxruntime-common";
import { type OpenedBundle } from "../bundle/index.js";
import { type OnnxRuntime, type ProviderName } from "./runtime.js";
/** How a graph is run. */
export interface SessionOptions {
    /** Which execution provider runs the graph; by default the one its promises are proved on. */
    readonly provider?: ProviderName;
    /** Cores the model may use: in a browser at most 4 by default, else all. */
    readonly threads?: number;
    /** The module of onnxruntime, or its address; by default `onnxruntime-web` or
     *  `onnxruntime-node` is imported. */
    readonly runtime?: OnnxRuntime | string | URL;
    /** Where onnxruntime-web finds its `.wasm` and `.mjs`: a folder's address that ends with "/", or
     *  both files; by default beside its own code. */
    readonly wasmPaths?: string | {
        readonly wasm?: string | URL;
        readonly mjs?: string | URL;
    };
}
/** A graph that is ready to run. */
export interface OpenSession {
    readonly session: InferenceSession;
    readonly runtime: OnnxRuntime;
    /** What runs it: what "auto" chose. */
    readonly provider: Exclude<ProviderName, "auto">;
    readonly threads: number;
    /** Version of onnxruntime. */
    readonly version: string;
    readonly notes: readonly string[];
}
/** Open the graph of a bundle.
 *  @throws ProviderError no onnxruntime, a provider that does not start, or a bundle that is not made for it.
 *  @throws BundleError onnxruntime cannot load the graph.
 *  @throws InputError an option is out of its range. */
export declare function openSession(bundle: OpenedBundle, options: SessionOptions): Promise<OpenSession>;
