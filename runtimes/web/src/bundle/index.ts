/** Bundles: opened from an address, a folder or files, and held to what their manifest says. */

import { kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";
import { atAddress } from "./address.ts";
import { inFolder } from "./folder.ts";
import { type FileContent, ofFiles } from "./given.ts";
import type { BundleOrigin } from "./reading.ts";
import { openSaved } from "./saved.ts";

export type { FileContent } from "./given.ts";
export type { Bytes } from "./reading.ts";
export { type OnProgress, openBundle, type OpenedBundle, type Progress } from "./opening.ts";
export type { SavedFiles } from "./saved.ts";
export { GOLDEN, MODEL, parsed, readRecord, TOKENIZER } from "./manifestFile.ts";

/** A bundle: the address of its folder, in Node also a folder, or its files: those that were
 *  dropped on a page or chosen there, or a Map of names to contents. */
export type BundleSource = string | URL | Iterable<File> | ReadonlyMap<string, FileContent>;

/** Where the files of a bundle come from.
 *  @throws InputError it is no such source. */
export async function originOf(source: BundleSource): Promise<BundleOrigin> {
  if (typeof source === "string" || source instanceof URL) return originOfName(source);
  if (typeof source !== "object" || source === null || !(Symbol.iterator in source)) {
    throw new InputError(
      `expected the address of a bundle, a folder or files, not ${kindOf(source)}`,
    );
  }
  return ofFiles(source);
}

async function originOfName(source: string | URL): Promise<BundleOrigin> {
  if (String(source) === "")
    throw new InputError("expected the address or the folder of a bundle, not ''");
  const address = absolute(source);
  if (address === null) return inFolder(withoutSlash(String(source)));
  if (address.protocol === "file:" && isNode()) return inFolder(withoutSlash(pathOf(address)));
  return atAddress(address, await openSaved());
}

interface NodeProcess {
  getBuiltinModule?(name: "node:url"): typeof import("node:url");
}

/** The folder that a file: address names, as the system of Node writes it. */
function pathOf(address: URL): string {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.("node:url").fileURLToPath(address) ?? address.pathname;
}

function withoutSlash(folder: string): string {
  return folder.replace(/(?<=.)[/\\]$/, "");
}

/** An address; null for a folder of Node, where nothing is relative to a page. */
function absolute(source: string | URL): URL | null {
  if (source instanceof URL) return source;
  const base = isNode() ? undefined : (globalThis.document?.baseURI ?? globalThis.location?.href);
  if (base === undefined && !/^(https?|file):/i.test(source)) return null;
  try {
    return new URL(source, base);
  } catch {
    throw new InputError(`'${source}' is no address of a bundle`);
  }
}

/** Whether this is Node, or a page of Electron that may read folders. */
export function isNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return typeof process?.versions?.node === "string" && typeof globalThis.document === "undefined";
}
