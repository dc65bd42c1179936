/** The onnxruntime that runs graphs: handed over, or imported by where this runs. */
import type { Env, InferenceSession, Tensor } from "onnxruntime-common";
/** What is used of onnxruntime-web, onnxruntime-node or onnxruntime-react-native. */
export interface OnnxRuntime {
    readonly InferenceSession: {
        create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
    };
    readonly Tensor: typeof Tensor;
    readonly env: Env;
}
export declare const PROVIDERS: readonly ["auto", "cpu", "wasm", "webgpu"];
/** "cpu" is onnxruntime's own (Node, React Native), "wasm" the same in a browser; "auto" is whichever
 *  of the two is there, on which every promise of a bundle is proved. */
export type ProviderName = (typeof PROVIDERS)[number];
/** Which onnxruntime it is: `wasm` and `webgpu` run in onnxruntime-web. */
export declare function runsInWeb({ env }: OnnxRuntime): boolean;
/** Its version. */
export declare function versionOf({ env }: OnnxRuntime): string;
/** The onnxruntime for a provider.
 *  @param given a module, the address of one, or nothing: it is imported by its name.
 *  @throws ProviderError it is not there. */
export declare function openRuntime(given: OnnxRuntime | string | URL | undefined, provider: ProviderName): Promise<OnnxRuntime>;
