// src/errors.ts
var EdgebertError = class extends Error {
  name = "EdgebertError";
};
var InputError = class extends EdgebertError {
  name = "InputError";
};
var BundleError = class extends EdgebertError {
  name = "BundleError";
};
var ClosedError = class extends EdgebertError {
  name = "ClosedError";
};
var ProviderError = class extends EdgebertError {
  name = "ProviderError";
};
export {
  BundleError,
  ClosedError,
  EdgebertError,
  InputError,
  ProviderError
};
