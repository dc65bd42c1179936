/** Records of a bundle as they lie in its files, read with care. */
import { type Decode } from "../records/decoding.js";
import { type Manifest } from "../records/manifest.js";
import type { Bytes } from "./reading.js";
export declare const MANIFEST = "manifest.json";
export declare const MODEL = "model.onnx";
export declare const TOKENIZER = "tokenizer.json";
export declare const GOLDEN = "golden.json";
/** The manifest of a bundle.
 *  @param origin the bundle, as errors name it.
 *  @throws BundleError it is damaged, or newer than this version. */
export declare function readManifest(bytes: Bytes, origin: string): Promise<Manifest>;
/** A record of a bundle.
 *  @throws BundleError it is damaged, or newer than this version. */
export declare function readRecord<T>(decode: Decode<T>, bytes: Bytes, path: string): T;
/** JSON in UTF-8.
 *  @throws SyntaxError it is no JSON; TypeError it is no UTF-8. */
export declare function parsed(bytes: Bytes): unknown;
export declare const POINTER = "a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'";
/** Whether a file stands for another that Git LFS has not fetched. */
export declare function isPointer(bytes: Uint8Array): boolean;
