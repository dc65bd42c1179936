/** The session of a bundle's graph, with the settings that were measured to be right. */

import type { InferenceSession } from "onnxruntime-common";
import { checkChoice, checkNumber } from "../bounds.ts";
import { type Bytes, isNode, type OpenedBundle } from "../bundle/index.ts";
import { BundleError, ProviderError } from "../errors.ts";
import { ENCODER, type Manifest } from "../records/manifest.ts";
import { reasonOf } from "./reasons.ts";
import {
  type OnnxRuntime,
  openRuntime,
  type ProviderName,
  PROVIDERS,
  runsInWeb,
  versionOf,
} from "./runtime.ts";
import { cores, type Threads, threadsOfWasm } from "./threads.ts";

/** How a graph is run. */
export interface SessionOptions {
  /** Which execution provider runs the graph; by default the one its promises are proved on. */
  readonly provider?: ProviderName;
  /** Cores the model may use: in a browser at most 4 by default, else all. */
  readonly threads?: number;
  /** The module of onnxruntime, or its address; by default `onnxruntime-web` or
   *  `onnxruntime-node` is imported. */
  readonly runtime?: OnnxRuntime | string | URL;
  /** Where onnxruntime-web finds its `.wasm` and `.mjs`: a folder's address that ends with "/", or
   *  both files; by default beside its own code. */
  readonly wasmPaths?: string | { readonly wasm?: string | URL; readonly mjs?: string | URL };
}

/** What is to run a graph. */
export interface Chosen {
  readonly runtime: OnnxRuntime;
  /** What "auto" chose. */
  readonly provider: Exclude<ProviderName, "auto">;
  readonly threads: number;
  readonly notes: readonly string[];
}

/** A graph that is ready to run. */
export interface OpenSession extends Chosen {
  readonly session: InferenceSession;
  /** Version of onnxruntime. */
  readonly version: string;
}

/** Choose what runs a graph, before anything of it is downloaded.
 *  @throws ProviderError no onnxruntime, or none that has the provider.
 *  @throws InputError an option is out of its range. */
export async function chosenBy(options: SessionOptions): Promise<Chosen> {
  const asked = checkChoice("provider", options.provider ?? "auto", PROVIDERS);
  if (options.threads !== undefined) checkNumber("threads", options.threads, 1);
  const runtime = await openRuntime(options.runtime, asked);
  const provider = providerOf(runtime, asked);
  const { count, note } = runsInWeb(runtime) ? webThreads(runtime, options) : plainThreads(options);
  const notes = [note, provider === "webgpu" ? PLACEMENT : null].filter((told) => told !== null);
  return { runtime, provider, threads: count, notes };
}

/** Open the graph of a bundle.
 *  @throws ProviderError the provider does not start.
 *  @throws BundleError onnxruntime cannot load the graph. */
export async function openSession(bundle: OpenedBundle, chosen: Chosen): Promise<OpenSession> {
  const session = await created(bundle, chosen);
  return { ...chosen, session, version: versionOf(chosen.runtime) };
}

const PLACEMENT =
  "webgpu may leave part of the graph to the CPU: onnxruntime does not tell here which";

function providerOf(runtime: OnnxRuntime, asked: ProviderName): OpenSession["provider"] {
  const own = runsInWeb(runtime) ? "wasm" : "cpu";
  if (asked === "auto" || asked === own) return own;
  if (asked === "webgpu") return asked;
  throw new ProviderError(
    `provider '${asked}' is not in this onnxruntime (${versionOf(runtime)}), which has '${own}': leave one of the two out`,
  );
}

/** Hold that a bundle is not made of products of integers that a provider never has.
 *  @param name of the bundle, for errors.
 *  @throws ProviderError it is; names the bundle to make instead. */
export function requireFitting(name: string, manifest: Manifest, { provider }: Chosen): void {
  if (provider !== "webgpu" || manifest.quantization === null || manifest.target !== "cpu") return;
  throw new ProviderError(
    `${name} is int8 for the CPU, and webgpu has no such products: make a bundle for it with ` +
      "'edgebert export MODEL -o BUNDLE --target portable'",
  );
}

function webThreads(runtime: OnnxRuntime, { threads, wasmPaths }: SessionOptions): Threads {
  const { wasm } = runtime.env;
  if (wasmPaths !== undefined) wasm.wasmPaths = { ...wasm, wasmPaths }.wasmPaths;
  return threadsOfWasm(runtime, threads);
}

function plainThreads({ threads }: SessionOptions): Threads {
  return { count: threads ?? cores(), note: null };
}

function settingsOf(
  manifest: Manifest,
  provider: OpenSession["provider"],
  threads: number,
): InferenceSession.SessionOptions {
  const widened =
    manifest.quantization !== null && manifest.quantization.isa !== "any" && needsWidening();
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    enableMemPattern: false, // ragged shapes would add a plan for each one
    logSeverityLevel: 4, // what it logs as an error, it also raises
    ...(provider !== "webgpu" && {
      extra: {
        session: {
          // where only weights are integers, activations stay floats
          qdq_matmulnbits_accuracy_level: "0",
          // sums of u8 x s8 overflow 16 bits on x86 CPUs without VNNI; in wasm they do not
          ...(provider === "cpu" && widened && { x64quantprecision: "1" }),
        },
        // fused, it is scalar on the CPU, and several times slower than its parts
        optimization: { disable_specified_optimizers: "SkipLayerNormFusion" },
      },
    }),
  };
}

interface NodeProcess {
  readonly arch?: string;
  getBuiltinModule?(name: "node:fs"): typeof import("node:fs");
}

/** Whether int8 weights have to be widened: on x86 CPUs that are not known to have VNNI. */
function needsWidening(): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  if (!isNode() || process?.arch !== "x64") return false;
  try {
    const cpu = process.getBuiltinModule?.("node:fs").readFileSync("/proc/cpuinfo", "utf-8");
    return !/\bavx(512)?_vnni\b/.test(cpu ?? "");
  } catch {
    return true; // only Linux tells
  }
}

async function created(
  { name, manifest, files }: OpenedBundle,
  { runtime, provider, threads }: Chosen,
): Promise<InferenceSession> {
  const graph = manifest.graphs[ENCODER]!;
  const externalData = weightFiles(files, graph);
  const settings = settingsOf(manifest, provider, threads);
  const options = externalData.length > 0 ? { ...settings, externalData } : settings;
  try {
    return await runtime.InferenceSession.create(files.get(graph)!, options);
  } catch (error) {
    throw failure(`${name}/${graph}`, provider, error);
  }
}

/** Files of weights beside a graph, which names them by their path. */
function weightFiles(
  files: ReadonlyMap<string, Bytes>,
  graph: string,
): { path: string; data: Bytes }[] {
  return [...files]
    .filter(([name]) => name !== graph && name.startsWith("model.onnx"))
    .map(([path, data]) => ({ path, data }));
}

function failure(
  path: string,
  provider: OpenSession["provider"],
  error: unknown,
): BundleError | ProviderError {
  const reason = reasonOf(error);
  if (/SIMD is not supported/.test(reason)) {
    return new ProviderError(
      "this browser's WebAssembly has no SIMD, which onnxruntime-web needs: update it, or ask a server",
    );
  }
  if (
    /no available backend|backend not found|failed to (asynchronously )?prepare wasm|dynamically imported module/i.test(
      reason,
    )
  ) {
    return new ProviderError(
      `provider '${provider}' does not start here: ${startingPoint(reason)} (${help(provider)})`,
    );
  }
  if (provider === "webgpu") {
    return new ProviderError(
      `${path} cannot be loaded with provider 'webgpu': ${reason} (${help(provider)})`,
    );
  }
  return new BundleError(`${path} cannot be loaded by onnxruntime: ${reason}`);
}

function startingPoint(reason: string): string {
  return reason.replace(/^.*?ERR: (\[\w+\] )?(Error: |TypeError: )?/, "");
}

function help(provider: OpenSession["provider"]): string {
  if (provider === "webgpu") return "use provider 'wasm', in Node 'cpu'";
  return "are its .wasm and .mjs files served beside its code or where wasmPaths says, and does the page's content security policy allow 'wasm-unsafe-eval'?";
}
