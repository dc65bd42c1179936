/** A bundle, opened: its manifest, and the files that run it, each held to its checksum. */

import { BundleError } from "../errors.ts";
import type { Manifest } from "../records/manifest.ts";
import { Unreachable } from "./address.ts";
import {
  GOLDEN,
  isPointer,
  MANIFEST,
  MODEL,
  POINTER,
  readManifest,
  TOKENIZER,
} from "./manifestFile.ts";
import type { BundleOrigin, Bytes, Listed, Reading } from "./reading.ts";
import { type SavedFiles } from "./saved.ts";
import { sha256 } from "./sha256.ts";

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

interface Opening {
  readonly origin: BundleOrigin;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnProgress | undefined;
  readonly notes: string[];
}

/** Read a bundle.
 *  @param accept is shown the manifest before the files are read, and throws where it cannot be used.
 *  @throws BundleError it is no bundle, newer than this version, or damaged: the message names the file. */
export async function openBundle(
  origin: BundleOrigin,
  accept: (manifest: Manifest) => void,
  signal?: AbortSignal,
  onProgress?: OnProgress,
): Promise<OpenedBundle> {
  const opening: Opening = { origin, signal, onProgress, notes: [] };
  const bytes = await manifestBytes(opening);
  const manifest = await readManifest(bytes, origin.name);
  accept(manifest);
  const files = await inTurn(manifest, signal, () => readFiles(opening, manifest));
  if (origin.saved) await keepManifest(opening, origin.saved, bytes, manifest);
  return { name: origin.name, manifest, files, notes: opening.notes };
}

/** The manifest as it is served, or without network as it was at the last load. */
async function manifestBytes({ origin, signal, notes }: Opening): Promise<Bytes> {
  try {
    return await origin.read(MANIFEST, { signal });
  } catch (error) {
    if (!(error instanceof Unreachable) || !origin.saved) throw error;
    const kept = await origin.saved.findManifest(origin.name);
    if (kept === null) throw error;
    notes.push("the server could not be reached: this is the copy that the browser kept");
    return kept;
  }
}

/** One page after the other downloads the same bundle: the second one finds it kept. */
async function inTurn<T>(
  manifest: Manifest,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  if (!locks || typeof caches === "undefined") return read();
  const name = `edgebert ${manifest.digest ?? manifest.source.sha256}`;
  return (await locks.request(name, signal ? { signal } : {}, read)) as T;
}

async function readFiles(opening: Opening, manifest: Manifest): Promise<Map<string, Bytes>> {
  const listed = filesToRead(manifest);
  const totalBytes = listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const files = new Map<string, Bytes>();
  let before = 0;
  for (const file of listed) {
    const arrived = (loaded: number): void =>
      opening.onProgress?.({
        file: file.name,
        loadedBytes: before + Math.min(loaded, file.sizeBytes),
        totalBytes,
      });
    files.set(file.name, await readFile(opening, file, arrived));
    before += file.sizeBytes;
  }
  return files;
}

/** What runs a bundle, and what proves it: small files first. */
function filesToRead(manifest: Manifest): Listed[] {
  const isRead = (name: string): boolean =>
    name === TOKENIZER ||
    name === GOLDEN ||
    name.startsWith(MODEL) ||
    Object.values(manifest.graphs).includes(name);
  return Object.entries(manifest.files)
    .filter(([name]) => isRead(name))
    .map(([name, { sha256, size_bytes }]) => ({ name, sha256, sizeBytes: size_bytes }))
    .sort((a, b) => a.sizeBytes - b.sizeBytes);
}

async function readFile(
  opening: Opening,
  file: Listed,
  arrived: (loaded: number) => void,
): Promise<Bytes> {
  const { origin, signal } = opening;
  arrived(0);
  const kept = origin.saved && (await findKept(origin.saved, file));
  if (kept) {
    arrived(file.sizeBytes);
    return kept;
  }
  let loaded = 0;
  const reading: Reading = { signal, onBytes: (count) => arrived((loaded += count)) };
  const bytes = await origin.read(file.name, reading);
  const problem = await problemOf(bytes, file);
  if (problem !== null) throw new BundleError(`${origin.name} is damaged: ${file.name} ${problem}`);
  if (origin.saved) await keep(opening, () => origin.saved!.keep(file.sha256, bytes));
  return bytes;
}

/** A file that was kept and is still what it was. */
async function findKept(saved: SavedFiles, file: Listed): Promise<Bytes | null> {
  const bytes = await saved.find(file.sha256).catch(() => null);
  if (bytes === null) return null;
  if ((await problemOf(bytes, file)) === null) return bytes;
  await saved.drop(file.sha256);
  return null;
}

async function problemOf(
  bytes: Bytes,
  { sizeBytes, sha256: expected }: Listed,
): Promise<string | null> {
  if (bytes.length !== sizeBytes) {
    if (isPointer(bytes)) return `is ${POINTER}`;
    return `has ${bytes.length} bytes where ${sizeBytes} belong: was it downloaded or copied whole?`;
  }
  return (await sha256(bytes)) === expected ? null : "was changed (its checksum differs)";
}

/** Remember what an address gave, and give back what only its last bundle needed. */
async function keepManifest(
  opening: Opening,
  saved: SavedFiles,
  bytes: Bytes,
  manifest: Manifest,
): Promise<void> {
  const { name } = opening.origin;
  await keep(opening, async () => {
    const last = await saved.findManifest(name);
    await saved.keepManifest(name, bytes);
    if (last === null) return;
    const replaced = sumsOf(await readManifest(last, name).catch(() => manifest));
    const needed = await Promise.all(
      (await saved.manifests()).map((kept) => readManifest(kept, name).then(sumsOf, () => [])),
    );
    const unneeded = replaced.filter((sum) => !needed.flat().includes(sum));
    await Promise.all(unneeded.map((sum) => saved.drop(sum)));
  });
}

function sumsOf(manifest: Manifest): string[] {
  return filesToRead(manifest).map(({ sha256 }) => sha256);
}

/** Keep something; where there is no room the model runs from memory, and says so. */
async function keep({ notes }: Opening, put: () => Promise<void>): Promise<void> {
  try {
    await put();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const note = `the browser did not keep the model (${why}): it is downloaded again next time`;
    if (!notes.includes(note)) notes.push(note);
  }
}
