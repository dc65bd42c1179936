/** Run a bundle of edgebert in a browser, in Node or in React Native. */
export { BundleError, ClosedError, EdgebertError, InputError, ProviderError } from "./errors.ts";
