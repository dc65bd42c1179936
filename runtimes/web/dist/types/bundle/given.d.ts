/** A bundle that is given as its files: dropped on a page, or held by an app. */
import type { BundleOrigin } from "./reading.js";
/** What a file's bytes may be given as. */
export type FileContent = Blob | ArrayBuffer | Uint8Array;
/** A bundle of files by their names, or of files that know their names and perhaps their folder
 *  (`webkitRelativePath`), as an `<input type="file" webkitdirectory>` gives them.
 *  @throws InputError they are no files. */
export declare function ofFiles(given: Iterable<File> | ReadonlyMap<string, FileContent>): BundleOrigin;
