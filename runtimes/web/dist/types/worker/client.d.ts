/** The page's side: a model that lives in a worker, with the face of one that is here. */
import { type BundleSource } from "../bundle/index.js";
import type { LoadOptions } from "../load.js";
import { type Model } from "../model/index.js";
/** How a bundle is loaded in a worker. */
export interface LoadInWorkerOptions extends Omit<LoadOptions, "runtime"> {
    /** The address of onnxruntime's module: a worker knows no import map, and takes no module. */
    readonly runtime?: string | URL;
    /** A worker whose code calls `hostModel`, or the address of that code; by default `worker.js`
     *  beside this file. */
    readonly worker?: Worker | string | URL;
}
/** Load a bundle to run in a worker, so that a page never stalls: a model as `load` gives it.
 *  @throws as `load` does; ProviderError also where the worker does not start. */
export declare function loadInWorker(source: BundleSource, options?: LoadInWorkerOptions): Promise<Model>;
