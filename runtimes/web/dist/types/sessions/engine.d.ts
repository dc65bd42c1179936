/** Runs one graph, batch by batch, one run at a time. */
import type { MicroBatch } from "../pipeline/batches.js";
import type { OpenSession } from "./session.js";
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
    run(outputs: readonly string[], batch: MicroBatch, signal: AbortSignal | undefined): Promise<Output[]>;
    /** @throws ClosedError the model is closed. */
    requireOpen(): void;
    /** Give the memory back; runs that were begun are finished first. */
    close(): Promise<void>;
}
export declare function engineOf({ session, runtime, provider, threads, version }: OpenSession): Engine;
