/** Cores that a model may use, and what stands against using several. */

import { isNode } from "../bundle/index.ts";
import type { OnnxRuntime } from "./runtime.ts";

/** More threads of wasm than these wait for each other more than they work. */
const MOST_IN_WASM = 4;

/** How many threads run, and why not as many as were asked for. */
export interface Threads {
  readonly count: number;
  readonly note: string | null;
}

/** Threads of onnxruntime-web are those of the first model of a page: there is one wasm for all. */
let settled: number | null = null;

/** Threads of a model in wasm.
 *  @param asked for; undefined for what is best. */
export function threadsOfWasm({ env }: OnnxRuntime, asked: number | undefined): Threads {
  const wanted = asked ?? Math.min(cores(), MOST_IN_WASM);
  const isolated =
    typeof SharedArrayBuffer !== "undefined" && (isNode() || globalThis.crossOriginIsolated);
  const possible = isolated ? wanted : 1;
  const count = (settled ??= possible);
  env.wasm.numThreads = count;
  if (count === wanted) return { count, note: null };
  const why = isolated
    ? "an earlier model of this page settled it"
    : "the page is not cross-origin isolated, so there is no SharedArrayBuffer: serve it with " +
      "'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'";
  return {
    count,
    note: `${count} thread${count === 1 ? "" : "s"} where ${wanted} could run: ${why}`,
  };
}

/** Cores that this process or page may use. */
export function cores(): number {
  return globalThis.navigator?.hardwareConcurrency || coresOfNode() || 1;
}

interface NodeProcess {
  getBuiltinModule?(name: "node:os"): typeof import("node:os");
}

function coresOfNode(): number | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.("node:os").availableParallelism();
}
