/** A bundle that is served: its files, piece by piece. */

import { throwIfAborted } from "../cancelling.ts";
import { BundleError } from "../errors.ts";
import type { BundleOrigin, Bytes, Reading } from "./reading.ts";
import type { SavedFiles } from "./saved.ts";

/** A server that did not answer, or not with the file: a kept copy may do instead. */
export class Unreachable extends BundleError {
  override name = "BundleError";
}

/** A bundle at an address.
 *  @param url of its folder, or of its manifest.json. */
export function atAddress(url: URL, saved: SavedFiles | null): BundleOrigin {
  const folder = new URL(url);
  folder.pathname = folder.pathname.replace(/(\/manifest\.json)?\/?$/, "/");
  const name = folder.href.replace(/\/(?=$|\?)/, "");
  const addressOf = (file: string): string => {
    const address = new URL(folder);
    address.pathname += file.split("/").map(encodeURIComponent).join("/");
    return address.href;
  };
  return { name, saved, read: (file, reading) => download(addressOf(file), reading) };
}

async function download(address: string, { signal, onBytes }: Reading): Promise<Bytes> {
  const response = await asked(address, signal);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of piecesOf(response)) {
      pieces.push(piece);
      onBytes?.(piece.length);
    }
  } catch (error) {
    throwIfAborted(signal);
    throw new Unreachable(
      `${address} broke off while it was downloaded (${messageOf(error)}): load it again`,
    );
  }
  return joined(pieces);
}

async function asked(address: string, signal: AbortSignal | undefined): Promise<Response> {
  let response: Response;
  try {
    // "no-cache" asks the server whether the browser's own copy is still right
    response = await fetch(address, { cache: "no-cache", ...(signal && { signal }) });
  } catch (error) {
    throwIfAborted(signal);
    throw new Unreachable(
      `${address} cannot be reached (${messageOf(error)}): is the network there, and does the server allow this page (CORS)?`,
    );
  }
  if (response.ok) return response;
  const said = `${address} is not served: HTTP ${response.status}`;
  if (response.status >= 500) throw new Unreachable(said);
  throw new BundleError(`${said}. A bundle is a folder with manifest.json and the files it lists`);
}

async function* piecesOf(response: Response): AsyncGenerator<Uint8Array> {
  if (!response.body) {
    yield new Uint8Array(await response.arrayBuffer()); // React Native has no streams
    return;
  }
  const reader = response.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

function joined(pieces: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
