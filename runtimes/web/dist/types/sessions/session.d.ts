/** The session of a bundle's graph, with the settings that were measured to be right. */
import type { InferenceSession } from "onnxruntime-common";
import { type OpenedBundle } from "../bundle/index.js";
import { type Manifest } from "../records/manifest.js";
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
/** What is to run a graph. */
export interface Chosen {
    readonly runtime: OnnxRuntime;
    /** What "auto" chose. */
    readonly provider: Exclude<ProviderName, "auto">;
    readonly threads: number;
    readonly notes: readonly string[];
}
/** A graph that is ready to run. */
export interface OpenSession extends Chosen {
    readonly session: InferenceSession;
    /** Version of onnxruntime. */
    readonly version: string;
}
/** Choose what runs a graph, before anything of it is downloaded.
 *  @throws ProviderError no onnxruntime, or none that has the provider.
 *  @throws InputError an option is out of its range. */
export declare function chosenBy(options: SessionOptions): Promise<Chosen>;
/** Open the graph of a bundle.
 *  @throws ProviderError the provider does not start.
 *  @throws BundleError onnxruntime cannot load the graph. */
export declare function openSession(bundle: OpenedBundle, chosen: Chosen): Promise<OpenSession>;
/** Hold that a bundle is not made of products of integers that a provider never has.
 *  @param name of the bundle, for errors.
 *  @throws ProviderError it is; names the bundle to make instead. */
export declare function requireFitting(name: string, manifest: Manifest, { provider }: Chosen): void;
