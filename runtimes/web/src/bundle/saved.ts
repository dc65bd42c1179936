/** Files that the browser keeps (Cache Storage), each under its own checksum.
 *
 * A file is put there when all of it arrived and its checksum was right, so that half of one is never
 * found, and two pages that put the same one write the same bytes. */

import type { Bytes } from "./reading.ts";

/** Name of the storage: `caches.delete("edgebert")` gives all of it back. */
const STORAGE = "edgebert";

/** Addresses in it, which nobody serves: other schemes are refused as keys. */
const KEYS = "https://edgebert.invalid/";

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
export async function openSaved(): Promise<SavedFiles | null> {
  if (typeof caches === "undefined") return null;
  let cache: Cache;
  try {
    cache = await caches.open(STORAGE);
  } catch {
    return null; // private windows of some browsers, pages that may keep nothing
  }
  const bytesOf = async (response: Response | undefined): Promise<Bytes | null> =>
    response ? new Uint8Array(await response.arrayBuffer()) : null;
  const fileKey = (sha256: string): string => `${KEYS}files/${sha256}`;
  const manifestKey = (address: string): string =>
    `${KEYS}manifests/${encodeURIComponent(address)}`;
  const verdictKey = (what: string): string => `${KEYS}proved/${encodeURIComponent(what)}`;
  return {
    isProved: async (what) => (await cache.match(verdictKey(what))) !== undefined,
    keepProved: async (what) => cache.put(verdictKey(what), new Response("")),
    find: async (sha256) => bytesOf(await cache.match(fileKey(sha256))),
    keep: async (sha256, bytes) => cache.put(fileKey(sha256), new Response(bytes)),
    drop: async (sha256) => void (await cache.delete(fileKey(sha256))),
    findManifest: async (address) => bytesOf(await cache.match(manifestKey(address))),
    keepManifest: async (address, bytes) => cache.put(manifestKey(address), new Response(bytes)),
    manifests: async () => {
      const keys = (await cache.keys()).filter(({ url }) => url.startsWith(`${KEYS}manifests/`));
      const found = await Promise.all(keys.map(async (key) => bytesOf(await cache.match(key))));
      return found.filter((bytes) => bytes !== null);
    },
  };
}
