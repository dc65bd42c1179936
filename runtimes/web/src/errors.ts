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

export class EdgebertError extends Error {
  override name = "EdgebertError";
}

export class InputError extends EdgebertError {
  override name = "InputError";
}

export class BundleError extends EdgebertError {
  override name = "BundleError";
}

export class ClosedError extends EdgebertError {
  override name = "ClosedError";
}

export class ProviderError extends EdgebertError {
  override name = "ProviderError";
}
