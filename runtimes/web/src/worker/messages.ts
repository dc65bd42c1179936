/** What a page and its worker say to each other. Values go by structured clone. */

import type { BundleSource, Progress } from "../bundle/index.ts";
import { BundleError, ClosedError, EdgebertError, InputError, ProviderError } from "../errors.ts";
import type { LoadOptions } from "../load.ts";
import type { ModelInfo } from "../model/info.ts";
import type { Verb } from "../model/verbs.ts";

/** Options of a load that go to a worker: the module of onnxruntime does not, its address does. */
export type WorkerLoadOptions = Omit<LoadOptions, "signal" | "onProgress" | "runtime"> & {
  readonly runtime?: string;
};

export type Request =
  | {
      readonly id: number;
      readonly kind: "load";
      readonly source: BundleSource;
      readonly options: WorkerLoadOptions;
    }
  | {
      readonly id: number;
      readonly kind: "ask";
      readonly verb: Verb;
      readonly args: readonly unknown[];
    }
  | { readonly id: number; readonly kind: "close" }
  | { readonly id: number; readonly kind: "cancel" };

export type Reply =
  | { readonly id: number; readonly kind: "progress"; readonly progress: Progress }
  | { readonly id: number; readonly kind: "done"; readonly value: unknown }
  | {
      readonly id: number;
      readonly kind: "failed";
      readonly name: string;
      readonly message: string;
    };

/** What a load replies. */
export type Loaded = ModelInfo;

const ERRORS = { BundleError, ClosedError, EdgebertError, InputError, ProviderError };

export function failureOf(id: number, error: unknown): Reply {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { id, kind: "failed", name, message };
}

/** The error that a worker told of. */
export function errorOf(name: string, message: string): Error {
  const known = Object.entries(ERRORS).find(([of]) => of === name)?.[1];
  return known ? new known(message) : Object.assign(new Error(message), { name });
}
