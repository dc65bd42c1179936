/** Files that the browser keeps (Cache Storage), each under its own checksum.
 *
 * A file is put there when all of it arrived and its checksum was right, so that half of one is never
 * found, and two pages that put the same one write the same bytes. */
import type { Bytes } from "./reading.js";
/** What was kept of downloads. */
export interface SavedFiles {
    /** A kept file; null where there is none. */
    find(sha256: string): Promise<Bytes | null>;
    keep(sha256: string, bytes: Bytes): Promise<void>;
    drop(sha256: string): Promise<void>;
    /** The manifest of the last load of an address; null where there was none. */
    findManifest(address: string): Promise<Bytes | null>;
    keepManifest(address: string, bytes: Bytes): Promise<void>;
    /** The manifests of all addresses. */
    manifests(): Promise<Bytes[]>;
    /** Whether golden answers were kept to here, by what ran which bundle. */
    isProved(what: string): Promise<boolean>;
    keepProved(what: string): Promise<void>;
}
/** The browser's storage; null where there is none (Node, pages without https). */
export declare function openSaved(): Promise<SavedFiles | null>;
