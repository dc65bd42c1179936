// Times graphs on one thread, in WebAssembly or on the CPU of Node.  node graphs.mjs PLAN ANSWERS
// With `profile`, what onnxruntime tells of each operator goes to stdout (WebAssembly) or to that file's name.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [planned, answers] = process.argv.slice(2);
const { provider, library, graphs, seconds, profile } = JSON.parse(readFileSync(planned, "utf-8"));
const module = await import(pathToFileURL(library).href);
const ort = module.InferenceSession ? module : module.default;
if (provider === "wasm") ort.env.wasm.numThreads = 1;
const KINDS = { int64: BigInt64Array, int8: Int8Array, uint8: Uint8Array, float32: Float32Array };

const found = [];
for (const graph of graphs) found.push(await timed(graph));
writeFileSync(answers, JSON.stringify(found));

/** Milliseconds of the fastest run. */
async function timed({ path, inputs }) {
  const session = await ort.InferenceSession.create(provider === "wasm" ? readFileSync(path) : path, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    enableProfiling: Boolean(profile),
    profileFilePrefix: profile,
    extra: { optimization: { disable_specified_optimizers: "SkipLayerNormFusion" } },
  });
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]));
  let fastest = Infinity;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const started = performance.now();
    await session.run(feeds);
    fastest = Math.min(fastest, performance.now() - started);
  }
  if (profile) session.endProfiling();
  await session.release();
  return fastest;
}

/** `count` numbers from `least` on, each again and again. */
function tensorOf({ type, shape, least, count }) {
  const size = shape.reduce((a, b) => a * b, 1);
  const as = type === "int64" ? BigInt : Number;
  return new ort.Tensor(type, KINDS[type].from({ length: size }, (_, i) => as(least + ((i * 7919) % count))), shape);
}
