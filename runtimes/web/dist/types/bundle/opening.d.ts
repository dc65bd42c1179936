/** A bundle, opened: its manifest, and the files that run it, each held to its checksum. */
import type { Manifest } from "../records/manifest.js";
import type { BundleOrigin, Bytes } from "./reading.js";
/** How far the files of a bundle have arrived. */
export interface Progress {
    /** The file that is arriving. */
    readonly file: string;
    /** Bytes that are there, of all files together. */
    readonly loadedBytes: number;
    /** Bytes of all files together. */
    readonly totalBytes: number;
}
export type OnProgress = (progress: Progress) => void;
/** A bundle whose files have arrived. */
export interface OpenedBundle {
    /** As errors name it. */
    readonly name: string;
    readonly manifest: Manifest;
    /** Bytes of the graph, of its weights where they lie beside it, of tokenizer and golden answers. */
    readonly files: ReadonlyMap<string, Bytes>;
    /** What its user should know: that nothing was kept, that it was read without network. */
    readonly notes: readonly string[];
}
/** Read a bundle.
 *  @param accept is shown the manifest before the files are read, and throws where it cannot be used.
 *  @throws BundleError it is no bundle, newer than this version, or damaged: the message names the file. */
export declare function openBundle(origin: BundleOrigin, accept: (manifest: Manifest) => void, signal?: AbortSignal, onProgress?: OnProgress): Promise<OpenedBundle>;
