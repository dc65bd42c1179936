/** Where the files of a bundle come from: an address, a folder of Node, files that a page holds. */
import type { SavedFiles } from "./saved.js";
/** Bytes of a file that are not shared with another thread. */
export type Bytes = Uint8Array<ArrayBuffer>;
/** A file that a manifest lists. */
export interface Listed {
    readonly name: string;
    readonly sha256: string;
    readonly sizeBytes: number;
}
/** How a file is read. */
export interface Reading {
    readonly signal?: AbortSignal | undefined;
    /** Told of each piece that arrived, in bytes. */
    readonly onBytes?: (count: number) => void;
}
/** Where the files of a bundle come from. */
export interface BundleOrigin {
    /** As errors name it. */
    readonly name: string;
    /** Keeps what was read; null where nothing is downloaded. */
    readonly saved: SavedFiles | null;
    /** The bytes of a file.
     *  @throws BundleError it is not there, or cannot be read. */
    read(name: string, reading: Reading): Promise<Bytes>;
}
