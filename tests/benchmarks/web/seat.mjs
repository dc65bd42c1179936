// A client with a model, opened and asked: the same code in Node and in a page.

let embed;

/** Open a client and embed the first text.
 *  @param seat `client`, its `library` (address), `model`, `dtype`, `threads`, `longest` (tokens read).
 *  @returns milliseconds from nothing loaded to the first vector. */
export async function sit(seat, first) {
  const started = performance.now();
  embed = await OPENERS[seat.client](seat);
  await embed([first]);
  return performance.now() - started;
}

/** Embed texts in batches.
 *  @param batch texts that are handed over at a time; 0: all.
 *  @returns seconds. */
export async function turn(texts, batch) {
  const started = performance.now();
  await embedAll(texts, batch);
  return (performance.now() - started) / 1000;
}

/** The vectors of texts as plain lists. */
export async function vectors(texts, batch) {
  return (await embedAll(texts, batch)).map((vector) => Array.from(vector));
}

async function embedAll(texts, batch) {
  const step = batch || texts.length;
  const found = [];
  for (let at = 0; at < texts.length; at += step) found.push(...(await embed(texts.slice(at, at + step))));
  return found;
}

const OPENERS = {
  edgebert: async ({ library, runtime, model, threads, longest }) => {
    const { load } = await import(library);
    const opened = await load(model, { threads, ...(runtime && { runtime }) });
    return (texts) => opened.embed(texts, { maxLength: longest });
  },
  "transformers.js": async ({ library, runtime, model, dtype, threads }) => {
    const { env, LogLevel, pipeline } = await import(library);
    const [, place, name] = /^(.*\/)([^/]+)$/.exec(model);
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = place;
    env.logLevel = LogLevel?.ERROR ?? env.logLevel;
    if (runtime) Object.assign(env.backends.onnx.wasm, { numThreads: threads, wasmPaths: runtime });
    const ask = await pipeline("feature-extraction", name, {
      dtype,
      device: runtime ? "wasm" : "cpu",
      session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
    return async (texts) => rowsOf(await ask(texts, { pooling: "mean", normalize: true }));
  },
};

function rowsOf({ data, dims: [rows, width] }) {
  return Array.from({ length: rows }, (_, row) => data.slice(row * width, (row + 1) * width));
}
