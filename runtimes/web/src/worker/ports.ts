/** The two ends of a worker, of browsers and of Node. */

import { isNode } from "../bundle/index.ts";
import { ProviderError } from "../errors.ts";

/** One end. */
export interface Port {
  post(message: unknown): void;
  /** @param broken told why the other end is gone. */
  listen(receive: (message: unknown) => void, broken?: (why: string) => void): void;
  /** Whether an answer is waited for, so that a process of Node may not end. */
  waits(waiting: boolean): void;
  end(): void;
}

type NodeWorkers = typeof import("node:worker_threads");

function nodeWorkers(): NodeWorkers | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NodeWorkers } };
  return isNode() ? process?.getBuiltinModule?.("node:worker_threads") : undefined;
}

/** The page's end of a new worker.
 *  @param address of the worker's code; by default that beside this file.
 *  @throws ProviderError there are no workers here, or none of that address. */
export function newWorker(address: string | URL | undefined): Port {
  const workers = nodeWorkers();
  if (!workers && typeof Worker === "undefined") {
    throw new ProviderError("there are no workers here: use load instead of loadInWorker");
  }
  try {
    return workers ? portOfNode(nodeWorker(workers, address)) : portOf(webWorker(address));
  } catch (error) {
    throw new ProviderError(`the worker cannot be started: ${(error as Error).message}`);
  }
}

/** Written out, so that bundlers find the worker's code. */
function webWorker(address: string | URL | undefined): Worker {
  return address
    ? new Worker(address, { type: "module" })
    : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}

function nodeWorker({ Worker: NodeWorker }: NodeWorkers, address: string | URL | undefined) {
  return new NodeWorker(new URL(address ?? new URL("./worker.js", import.meta.url)));
}

/** The page's end of a worker of browsers. */
export function portOf(worker: Worker): Port {
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, broken) => {
      worker.addEventListener("message", ({ data }) => receive(data));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        broken?.(event.message || "its code cannot be loaded");
      });
    },
    waits: () => {},
    end: () => worker.terminate(),
  };
}

function portOfNode(worker: InstanceType<NodeWorkers["Worker"]>): Port {
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, broken) => {
      worker.on("message", receive);
      worker.on("error", (error) =>
        broken?.(error instanceof Error ? error.message : String(error)),
      );
    },
    waits: (waiting) => (waiting ? worker.ref() : worker.unref()),
    end: () => void worker.terminate(),
  };
}

/** The worker's own end. */
export function ownPort(): Port {
  const parent = nodeWorkers()?.parentPort;
  if (parent) {
    return {
      post: (message) => parent.postMessage(message),
      listen: (receive) => parent.on("message", receive),
      waits: () => {},
      end: () => parent.close(),
    };
  }
  const scope = globalThis as unknown as {
    postMessage(message: unknown): void;
    addEventListener(kind: "message", receive: (event: MessageEvent) => void): void;
    close(): void;
  };
  return {
    post: (message) => scope.postMessage(message),
    listen: (receive) => scope.addEventListener("message", ({ data }) => receive(data)),
    waits: () => {},
    end: () => scope.close(),
  };
}
