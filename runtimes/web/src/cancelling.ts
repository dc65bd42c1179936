/** Letting go of what nobody waits for any more, and letting others have their turn. */

/** Throw why a call was cancelled, where it was: the reason of its signal, as `fetch` does. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

export function reasonOf(signal: AbortSignal): unknown {
  return (
    signal.reason ?? Object.assign(new Error("this call was cancelled"), { name: "AbortError" })
  );
}

interface Schedulers {
  readonly scheduler?: { yield?(): Promise<void> };
  readonly setImmediate?: (callback: () => void) => unknown;
}

/** Let events that came meanwhile have their turn: keys, cancellations, messages. */
export function turn(): Promise<void> {
  const { scheduler, setImmediate } = globalThis as Schedulers;
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel(); // browsers let timers wait for 4 ms
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** Milliseconds of work on texts after which events get their turn. */
const STINT_MS = 8;

/** Gives events their turn where the work since the last one took long. */
export function stints(signal: AbortSignal | undefined): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < STINT_MS) return;
    await turn();
    throwIfAborted(signal);
    began = performance.now();
  };
}
