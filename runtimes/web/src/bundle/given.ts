/** A bundle that is given as its files: dropped on a page, or held by an app. */

import { kindOf } from "../bounds.ts";
import { BundleError, InputError } from "../errors.ts";
import type { BundleOrigin, Bytes } from "./reading.ts";

/** What a file's bytes may be given as. */
export type FileContent = Blob | ArrayBuffer | Uint8Array;

const NAME = "the files given";

/** A bundle of files by their names, or of files that know their names and perhaps their folder
 *  (`webkitRelativePath`), as an `<input type="file" webkitdirectory>` gives them.
 *  @throws InputError they are no files. */
export function ofFiles(given: Iterable<File> | ReadonlyMap<string, FileContent>): BundleOrigin {
  const contents = new Map(
    given instanceof Map ? given : [...(given as Iterable<File>)].map(named),
  );
  const manifest = [...contents.keys()]
    .filter((path) => /(^|\/)manifest\.json$/.test(path))
    .sort((a, b) => a.length - b.length)[0];
  const folder = manifest?.replace(/manifest\.json$/, "") ?? "";
  return {
    name: NAME,
    saved: null,
    read: async (name, { onBytes }) => {
      const content = contents.get(folder + name);
      if (content === undefined) throw new BundleError(missing(name));
      const bytes = await bytesOf(name, content);
      onBytes?.(bytes.length);
      return bytes;
    },
  };
}

function named(file: File): [string, FileContent] {
  if (!(file instanceof Blob) || typeof file.name !== "string") {
    throw new InputError(
      `${NAME}: expected files, or a Map of names to Blob or ArrayBuffer, not ${kindOf(file)}`,
    );
  }
  return [file.webkitRelativePath || file.name, file];
}

function missing(name: string): string {
  if (name === "manifest.json") {
    return `${NAME} are not a bundle: manifest.json is not among them. Give all files of the folder`;
  }
  return `${NAME} are damaged: ${name} is missing`;
}

async function bytesOf(name: string, content: FileContent): Promise<Bytes> {
  if (content instanceof Uint8Array) return new Uint8Array(content);
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (!(content instanceof Blob)) {
    throw new InputError(
      `${NAME}: ${name} is a ${kindOf(content)}, not a Blob, an ArrayBuffer or a Uint8Array`,
    );
  }
  try {
    return new Uint8Array(await content.arrayBuffer());
  } catch (error) {
    throw new BundleError(
      `${NAME}: ${name} cannot be read (${(error as Error).message}): was it moved or changed?`,
    );
  }
}
