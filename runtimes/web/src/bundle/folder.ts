/** A bundle in a folder that Node reads. */

import { throwIfAborted } from "../cancelling.ts";
import { BundleError, InputError } from "../errors.ts";
import type { BundleOrigin } from "./reading.ts";

interface NodeProcess {
  getBuiltinModule?(name: "node:fs/promises"): typeof import("node:fs/promises");
}

/** A bundle in a folder.
 *  @throws InputError there are no folders here: this is no Node. */
export function inFolder(folder: string): BundleOrigin {
  // not imported: bundlers for pages refuse, or warn of, what only Node has
  const { process } = globalThis as { process?: NodeProcess };
  const files = process?.getBuiltinModule?.("node:fs/promises");
  if (!files) {
    throw new InputError(
      `'${folder}' is a folder, and only Node (20.16 or newer) reads folders: give an address or files`,
    );
  }
  return {
    name: folder,
    saved: null,
    read: async (name, { signal, onBytes }) => {
      try {
        const bytes = await files.readFile(`${folder}/${name}`, signal && { signal });
        onBytes?.(bytes.length);
        return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
      } catch (error) {
        throwIfAborted(signal);
        throw new BundleError(problemOf(folder, name, error as NodeJS.ErrnoException));
      }
    },
  };
}

function problemOf(folder: string, name: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOTDIR")
    return `${folder} is not a bundle: it is a file, and a bundle is a folder`;
  if (code !== "ENOENT") return `${folder}/${name} cannot be read: ${message}`;
  if (name !== "manifest.json") return `${folder} is damaged: ${name} is missing`;
  return `${folder} is not a bundle: it has no manifest.json. Make one with 'edgebert export MODEL -o ${folder}'`;
}
