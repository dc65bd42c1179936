/** Runs one graph, batch by batch, one run at a time. */

import type { Tensor } from "onnxruntime-common";
import { throwIfAborted, turn } from "../cancelling.ts";
import { BundleError, ClosedError } from "../errors.ts";
import type { MicroBatch } from "../pipeline/batches.ts";
import { halfValue } from "../vectors/forms.ts";
import { reasonOf } from "./reasons.ts";
import type { OpenSession } from "./session.ts";

/** What a run gave: numbers [shape]. */
export interface Output {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Runs one graph. */
export interface Engine {
  readonly provider: OpenSession["provider"];
  readonly threads: number;
  readonly version: string;
  /** Numbers in the last axis of an output, where the graph says it. */
  widthOf(output: string): number | null;
  /** Run one batch.
   *  @throws ClosedError the model is closed.
   *  @throws BundleError onnxruntime cannot run the graph, for want of memory for example. */
  run(
    outputs: readonly string[],
    batch: MicroBatch,
    signal: AbortSignal | undefined,
  ): Promise<Output[]>;
  /** @throws ClosedError the model is closed. */
  requireOpen(): void;
  /** Give the memory back; runs that were begun are finished first. */
  close(): Promise<void>;
}

/** onnxruntime-web refuses runs, also of other models, while one is going on. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const mine = last.then(run);
  last = mine.catch(() => {});
  return mine;
}

export function engineOf({ session, runtime, provider, threads, version }: OpenSession): Engine {
  let closed = false;
  const requireOpen = (): void => {
    if (closed) throw new ClosedError("this model is closed");
  };
  const now = async (outputs: readonly string[], batch: MicroBatch): Promise<Output[]> => {
    const feeds = Object.fromEntries(
      [...batch.inputs].map(([name, data]) => [name, tensorOf(runtime.Tensor, data, batch.shape)]),
    );
    try {
      const found = await session.run(feeds, [...outputs]);
      return outputs.map((name) => outputOf(found[name] as Tensor));
    } catch (error) {
      throw new BundleError(`onnxruntime cannot run the graph: ${reasonOf(error)}`);
    }
  };
  return {
    provider,
    threads,
    version,
    requireOpen,
    widthOf: (output) => {
      const metadata = session.outputMetadata?.find(({ name }) => name === output);
      const width = metadata?.isTensor ? metadata.shape.at(-1) : undefined;
      return typeof width === "number" ? width : null;
    },
    run: (outputs, batch, signal) =>
      inTurn(async () => {
        await turn(); // a run blocks this thread
        throwIfAborted(signal);
        requireOpen();
        return now(outputs, batch);
      }),
    close: async () => {
      if (closed) return;
      closed = true;
      await inTurn(() => session.release());
    },
  };
}

function tensorOf(
  make: typeof Tensor,
  data: BigInt64Array | Int32Array,
  shape: readonly [number, number],
): Tensor {
  return data instanceof Int32Array
    ? new make("int32", data, shape)
    : new make("int64", data, shape);
}

function outputOf(tensor: Tensor): Output {
  const { type, data, dims } = tensor;
  if (type === "float32") return { data: data as Float32Array, shape: dims };
  if (type === "float16") {
    // bits, or where the engine has Float16Array, numbers
    const { buffer, byteOffset, length } = data as Uint16Array;
    return {
      data: Float32Array.from(new Uint16Array(buffer, byteOffset, length), halfValue),
      shape: dims,
    };
  }
  throw new BundleError(`onnxruntime gives ${type} where float32 was expected`);
}
