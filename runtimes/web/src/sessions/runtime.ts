/** The onnxruntime that runs graphs: handed over, or imported by where this runs. */

import type { Env, InferenceSession, Tensor } from "onnxruntime-common";
import { kindOf } from "../bounds.ts";
import { isNode } from "../bundle/index.ts";
import { InputError, ProviderError } from "../errors.ts";

/** What is used of onnxruntime-web, onnxruntime-node or onnxruntime-react-native. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: typeof Tensor;
  readonly env: Env;
}

export const PROVIDERS = ["auto", "cpu", "wasm", "webgpu"] as const;

/** "cpu" is onnxruntime's own (Node, React Native), "wasm" the same in a browser; "auto" is whichever
 *  of the two is there, on which every promise of a bundle is proved. */
export type ProviderName = (typeof PROVIDERS)[number];

/** Which onnxruntime it is: `wasm` and `webgpu` run in onnxruntime-web. */
export function runsInWeb({ env }: OnnxRuntime): boolean {
  return env.versions.web !== undefined;
}

/** Its version. */
export function versionOf({ env }: OnnxRuntime): string {
  const { web, node, common } = env.versions;
  return web ?? node ?? (env.versions as { "react-native"?: string })["react-native"] ?? common;
}

/** The onnxruntime for a provider.
 *  @param given a module, the address of one, or nothing: it is imported by its name.
 *  @throws ProviderError it is not there. */
export async function openRuntime(
  given: OnnxRuntime | string | URL | undefined,
  provider: ProviderName,
): Promise<OnnxRuntime> {
  if (given === undefined) return imported(() => byName(provider), packageOf(provider));
  if (typeof given === "string" || given instanceof URL) {
    return imported(
      () => import(/* @vite-ignore */ /* webpackIgnore: true */ String(given)),
      String(given),
    );
  }
  return checked(given);
}

/** In a browser written out, so that bundlers find what they have to pack; what only Node imports
 *  they are not to look for. */
function byName(provider: ProviderName): Promise<unknown> {
  if (isNode()) return import(/* @vite-ignore */ /* webpackIgnore: true */ packageOf(provider));
  return provider === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");
}

function packageOf(provider: ProviderName): string {
  return isNode() && provider !== "wasm" ? "onnxruntime-node" : "onnxruntime-web";
}

async function imported(load: () => Promise<unknown>, name: string): Promise<OnnxRuntime> {
  let module: unknown;
  try {
    module = await load();
  } catch (error) {
    throw new ProviderError(
      `${name} cannot be imported (${(error as Error).message}): ${wayOut(name)}`,
    );
  }
  const { default: whole } = module as { default?: unknown };
  return checked(isRuntime(module) ? module : whole);
}

function wayOut(name: string): string {
  if (!name.startsWith("onnxruntime-")) return "is it served as JavaScript?";
  return `npm install ${name}, or say where it is: load(source, { runtime: "ADDRESS" })`;
}

function checked(module: unknown): OnnxRuntime {
  if (isRuntime(module)) return module;
  throw new InputError(
    `runtime: expected the module of onnxruntime, or its address, not ${kindOf(module)}`,
  );
}

function isRuntime(module: unknown): module is OnnxRuntime {
  const { InferenceSession, Tensor, env } = (module ?? {}) as Partial<OnnxRuntime>;
  return (
    typeof InferenceSession?.create === "function" &&
    typeof Tensor === "function" &&
    typeof env === "object"
  );
}
