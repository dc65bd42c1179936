/** Records of a bundle as they lie in its files, read with care. */

import { told } from "../bounds.ts";
import { BundleError } from "../errors.ts";
import { type Decode, Mismatch } from "../records/decoding.ts";
import {
  AGGREGATIONS,
  decodeManifest,
  FORMAT,
  type Manifest,
  OPTIONAL,
  REQUIRED,
  SCORINGS,
  SIMILARITIES,
} from "../records/manifest.ts";
import type { Bytes } from "./reading.ts";
import { sha256 } from "./sha256.ts";

export const MANIFEST = "manifest.json";
export const MODEL = "model.onnx";
export const TOKENIZER = "tokenizer.json";
export const GOLDEN = "golden.json";

const NO_DIGEST = "0".repeat(64);

const UPDATE = "use a newer @edgebert/runtime";

/** The manifest of a bundle.
 *  @param origin the bundle, as errors name it.
 *  @throws BundleError it is damaged, or newer than this version. */
export async function readManifest(bytes: Bytes, origin: string): Promise<Manifest> {
  const path = `${origin}/${MANIFEST}`;
  const manifest = readRecord(decodeManifest, bytes, path);
  const problem = outside(manifest) ?? unlisted(manifest) ?? (await changed(bytes, manifest));
  if (problem !== null) throw new BundleError(`${path} is damaged: ${problem}`);
  const unknown = unknownWay(manifest);
  if (unknown !== null) throw new BundleError(`${path} ${unknown}: ${UPDATE}`);
  return manifest;
}

/** A record of a bundle.
 *  @throws BundleError it is damaged, or newer than this version. */
export function readRecord<T>(decode: Decode<T>, bytes: Bytes, path: string): T {
  if (isPointer(bytes)) throw new BundleError(`${path} is ${POINTER}`);
  try {
    const data: unknown = parsed(bytes);
    const format = (data as { format?: unknown } | null)?.format;
    if (typeof format === "number" && format > FORMAT) {
      throw new BundleError(
        `${path} has format ${format}; this version reads up to ${FORMAT}: ${UPDATE}`,
      );
    }
    return decode(data, "");
  } catch (error) {
    if (error instanceof Mismatch || error instanceof SyntaxError || error instanceof TypeError) {
      throw new BundleError(`${path} is damaged: ${error.message}`);
    }
    throw error;
  }
}

/** JSON in UTF-8.
 *  @throws SyntaxError it is no JSON; TypeError it is no UTF-8. */
export function parsed(bytes: Bytes): unknown {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

export const POINTER = "a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'";

/** Whether a file stands for another that Git LFS has not fetched. */
export function isPointer(bytes: Uint8Array): boolean {
  const beginning = String.fromCharCode(...bytes.subarray(0, 42));
  return /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(beginning);
}

function outside(manifest: Manifest): string | null {
  const away = Object.keys(manifest.files).find(
    (name) => /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes(".."),
  );
  return away === undefined ? null : `file name ${told(away)} leaves the bundle`;
}

function unlisted(manifest: Manifest): string | null {
  const needed = [...Object.values(manifest.graphs), TOKENIZER, GOLDEN];
  const missing = needed.find((name) => !Object.hasOwn(manifest.files, name));
  return missing === undefined ? null : `it does not list ${missing}`;
}

/** Why a manifest is not as it was written, by the digest it carries of itself. */
async function changed(bytes: Bytes, { digest }: Manifest): Promise<string | null> {
  if (digest === null) {
    const known = { ...REQUIRED, ...OPTIONAL };
    const [unknown] = Object.keys(parsed(bytes) as object)
      .filter((key) => !Object.hasOwn(known, key))
      .sort();
    if (unknown === undefined) return null;
    return `it has no digest, and ${told(unknown)} is no key of a bundle without one`;
  }
  const blank = new TextDecoder().decode(bytes).replaceAll(digest, NO_DIGEST);
  const found = await sha256(new TextEncoder().encode(blank));
  return found === digest ? null : "its digest differs, so it was changed";
}

/** What a manifest asks for that this version does not know. */
function unknownWay(manifest: Manifest): string | null {
  const ways: readonly (readonly [string, string | null, readonly string[]])[] = [
    ["compares vectors by", manifest.similarity, SIMILARITIES],
    ["makes scores by", manifest.activation, SCORINGS],
    ["makes labels of words by", manifest.aggregation, AGGREGATIONS],
    ["takes inputs of", manifest.ids, ["int64", "int32"]],
  ];
  const unknown = ways.find(([, said, known]) => said !== null && !known.includes(said));
  return unknown
    ? `${unknown[0]} ${told(unknown[1])}; this version knows ${unknown[2].join(", ")}`
    : null;
}
