/** Bundles: opened from an address, a folder or files, and held to what their manifest says. */
import { type FileContent } from "./given.js";
import type { BundleOrigin } from "./reading.js";
export type { FileContent } from "./given.js";
export type { Bytes } from "./reading.js";
export { type OnProgress, openBundle, type OpenedBundle, type Progress } from "./opening.js";
export type { SavedFiles } from "./saved.js";
export { GOLDEN, MODEL, parsed, readRecord, TOKENIZER } from "./manifestFile.js";
/** A bundle: the address of its folder, in Node also a folder, or its files: those that were
 *  dropped on a page or chosen there, or a Map of names to contents. */
export type BundleSource = string | URL | Iterable<File> | ReadonlyMap<string, FileContent>;
/** Where the files of a bundle come from.
 *  @throws InputError it is no such source. */
export declare function originOf(source: BundleSource): Promise<BundleOrigin>;
/** Whether this is Node, or a page of Electron that may read folders. */
export declare function isNode(): boolean;
