/** The golden texts of a bundle, run once for each onnxruntime that is newer than it was tested with. */

import type { SavedFiles } from "../bundle/index.ts";
import { BundleError } from "../errors.ts";
import type { ModelCore } from "./verbs.ts";

/** Hold a model to its golden answers where its onnxruntime is newer than any it was tested with.
 *  @param saved keeps the verdict for the next load; null where nothing is kept.
 *  @throws BundleError a golden text came out differently. */
export async function proveOnNewVersion(
  core: ModelCore,
  saved: SavedFiles | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { path, manifest, onnxruntime, provider, fingerprint } = core.info;
  const { tested } = manifest.onnxruntime;
  if (!isNewer(onnxruntime, tested)) return;
  const verdict = `${fingerprint} ${provider} ${onnxruntime}`;
  if (await saved?.isProved(verdict).catch(() => false)) return;
  const { failures } = await core.ask("verify", [], signal);
  if (failures.length > 0) {
    throw new BundleError(
      `${path} answers differently under onnxruntime ${onnxruntime}: ${failures.length} golden ` +
        `texts fail, first ${failures[0]}. It was tested with onnxruntime ${tested}`,
    );
  }
  await saved?.keepProved(verdict).catch(() => {}); // without it the next load proves it again
}

/** Compare releases like 1.31.1 by their numbers. */
export function isNewer(version: string, than: string): boolean {
  const [one, other] = [version, than].map((release) => release.match(/\d+/g)?.map(Number) ?? []);
  const longest = Math.max(one!.length, other!.length);
  for (let i = 0; i < longest; i++) {
    const apart = (one![i] ?? 0) - (other![i] ?? 0);
    if (apart !== 0) return apart > 0;
  }
  return false;
}
