/** The page's side: a model that lives in a worker, with the face of one that is here. */

import { type BundleSource, type OnProgress, isNode } from "../bundle/index.ts";
import { reasonOf, throwIfAborted } from "../cancelling.ts";
import { ClosedError, InputError, ProviderError } from "../errors.ts";
import type { LoadOptions } from "../load.ts";
import { type Model, modelOf } from "../model/index.ts";
import type { ModelInfo } from "../model/info.ts";
import type { ModelCore } from "../model/verbs.ts";
import { errorOf, type Reply, type Request, type WorkerLoadOptions } from "./messages.ts";
import { newWorker, type Port, portOf } from "./ports.ts";

/** How a bundle is loaded in a worker. */
export interface LoadInWorkerOptions extends Omit<LoadOptions, "runtime"> {
  /** The address of onnxruntime's module: a worker knows no import map, and takes no module. */
  readonly runtime?: string | URL;
  /** A worker whose code calls `hostModel`, or the address of that code; by default `worker.js`
   *  beside this file. */
  readonly worker?: Worker | string | URL;
}

/** Load a bundle to run in a worker, so that a page never stalls: a model as `load` gives it.
 *  @throws as `load` does; ProviderError also where the worker does not start. */
export async function loadInWorker(
  source: BundleSource,
  options: LoadInWorkerOptions = {},
): Promise<Model> {
  const { signal, onProgress, worker, ...rest } = options;
  throwIfAborted(signal);
  const request = {
    kind: "load",
    source: absoluteSource(source),
    options: absoluteOptions(rest),
  } as const;
  const given = typeof Worker !== "undefined" && worker instanceof Worker;
  const port = given ? portOf(worker) : newWorker(absolute(worker as string | URL | undefined));
  const link = linkTo(port);
  try {
    const info = (await link.send(request, signal, onProgress)) as ModelInfo;
    return modelOf(coreOf(link, info, port, given));
  } catch (error) {
    if (!given) port.end();
    throw error;
  }
}

function coreOf(link: Link, info: ModelInfo, port: Port, given: boolean): ModelCore {
  let closing: Promise<void> | null = null;
  return {
    info,
    ask: (async (verb, args, signal) => {
      if (closing) throw new ClosedError("this model is closed");
      throwIfAborted(signal);
      return link.send({ kind: "ask", verb, args }, signal);
    }) as ModelCore["ask"],
    close: () =>
      (closing ??= link
        .send({ kind: "close" })
        .catch(() => {}) // a worker that ended by itself has nothing left to give back
        .then(() => {
          if (!given) port.end(); // what a worker that was given does else is not ours to end
        })),
  };
}

type Unnumbered<R> = R extends Request ? Omit<R, "id"> : never;

/** The way to a worker. */
interface Link {
  send(
    request: Unnumbered<Request>,
    signal?: AbortSignal,
    onProgress?: OnProgress,
  ): Promise<unknown>;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: OnProgress | undefined;
}

function linkTo(port: Port): Link {
  const waiting = new Map<number, Waiting>();
  let gone: ProviderError | null = null;
  let last = 0;
  port.listen(
    (message) => {
      received(waiting, message as Reply);
      port.waits(waiting.size > 0);
    },
    (why) => {
      gone = new ProviderError(`the worker ended: ${why}`);
      waiting.forEach(({ reject }) => reject(gone));
      waiting.clear();
    },
  );
  return {
    send: (request, signal, onProgress) => {
      if (gone) return Promise.reject(gone);
      const id = ++last;
      return new Promise((resolve, reject) => {
        const cancel = (): void => {
          port.post({ id, kind: "cancel" } satisfies Request);
          reject(reasonOf(signal!));
        };
        const end = (): void => signal?.removeEventListener("abort", cancel);
        waiting.set(id, {
          resolve: (value) => (end(), resolve(value)),
          reject: (error) => (end(), reject(error)),
          onProgress,
        });
        signal?.addEventListener("abort", cancel, { once: true });
        port.waits(true);
        post(port, { ...request, id } as Request, (error) => {
          waiting.delete(id);
          end();
          reject(error);
        });
      });
    },
  };
}

function post(port: Port, request: Request, refuse: (error: InputError) => void): void {
  try {
    port.post(request);
  } catch (error) {
    refuse(new InputError(`what was given cannot go to a worker: ${(error as Error).message}`));
  }
}

function received(waiting: Map<number, Waiting>, reply: Reply): void {
  const asked = waiting.get(reply.id);
  if (reply.kind === "progress") {
    asked?.onProgress?.(reply.progress);
    return;
  }
  waiting.delete(reply.id);
  if (reply.kind === "done") asked?.resolve(reply.value);
  else asked?.reject(errorOf(reply.name, reply.message));
}

/** A worker counts from its own address, which is not the page's. */
function absolute(address: string | URL | undefined): string | undefined {
  if (address === undefined || isNode()) return address === undefined ? undefined : String(address);
  return new URL(address, document.baseURI).href;
}

function absoluteSource(source: BundleSource): BundleSource {
  if (typeof source === "string" || source instanceof URL) {
    return isNode() ? String(source) : absolute(source)!;
  }
  return source instanceof Map ? source : [...(source as Iterable<File>)]; // a FileList is no list
}

function absoluteOptions({
  runtime,
  wasmPaths,
  ...rest
}: Omit<LoadInWorkerOptions, "signal" | "onProgress" | "worker">): WorkerLoadOptions {
  const module = absolute(runtime);
  return {
    ...rest,
    ...(module !== undefined && { runtime: module }),
    ...(wasmPaths !== undefined && { wasmPaths: absolutePaths(wasmPaths) }),
  };
}

function absolutePaths(
  paths: NonNullable<WorkerLoadOptions["wasmPaths"]>,
): NonNullable<WorkerLoadOptions["wasmPaths"]> {
  if (typeof paths === "string") return absolute(paths)!;
  return Object.fromEntries(
    Object.entries(paths).map(([kind, path]) => [kind, absolute(path as string | URL)]),
  );
}
