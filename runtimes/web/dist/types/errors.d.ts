/**
 * Errors a user can act on, of one line each. Anything else that is thrown is a bug.
 *
 * EdgebertError
 * ├── InputError      a text, an option or a value that was given cannot be used
 * ├── BundleError     a bundle is missing, damaged or too new
 * ├── ClosedError     a model was asked after its close
 * └── ProviderError   onnxruntime, or the execution provider asked for, is not there
 *
 * A cancelled call throws the reason of its `AbortSignal`, as `fetch` does.
 */
export declare class EdgebertError extends Error {
    name: string;
}
export declare class InputError extends EdgebertError {
    name: string;
}
export declare class BundleError extends EdgebertError {
    name: string;
}
export declare class ClosedError extends EdgebertError {
    name: string;
}
export declare class ProviderError extends EdgebertError {
    name: string;
}
