// Runs graphs in WebAssembly for the Python process that started it.  node graphs.mjs LIBRARY THREADS
//
// Questions come in on stdin and answers go out on stdout: a line of JSON, then the bytes of its tensors,
// one after the other.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const KINDS = { int64: BigInt64Array, int32: Int32Array, float32: Float32Array };
const [library, threads] = process.argv.slice(2);
console.log = console.error; // what onnxruntime says is no answer
const module = await import(pathToFileURL(library).href);
const ort = module.InferenceSession ? module : module.default;
ort.env.wasm.numThreads = Number(threads);

const sessions = new Map();
let opened = 0;
let waiting = Buffer.alloc(0);
const chunks = process.stdin[Symbol.asyncIterator]();
const ANSWERS = { open, run, race, close };

/** Opens a graph with the settings of our client for JavaScript.
 *  @param beside names of files in its folder that hold some of its weights. */
async function open({ path, beside }) {
  const externalData = await Promise.all(
    beside.map(async (name) => ({ path: name, data: await readFile(join(dirname(path), name)) })),
  );
  const session = await ort.InferenceSession.create(await readFile(path), {
    executionProviders: ["wasm"],
    intraOpNumThreads: Number(threads),
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    enableMemPattern: false,
    logSeverityLevel: 4,
    ...(externalData.length > 0 && { externalData }),
    extra: {
      session: { qdq_matmulnbits_accuracy_level: "0" },
      optimization: { disable_specified_optimizers: "SkipLayerNormFusion" },
    },
  });
  sessions.set(++opened, session);
  const { inputMetadata, outputMetadata } = session;
  return { session: opened, inputs: inputMetadata, outputs: outputMetadata };
}

async function run({ session, outputs, inputs }) {
  const found = await sessions.get(session).run(feedsOf(inputs), outputs);
  const tensors = outputs.map((name) => ({ type: found[name].type, shape: found[name].dims }));
  return { tensors, bytes: outputs.map((name) => found[name].data) };
}

/** Milliseconds of single runs of each graph, round after round; in each they run in another order.
 *  It ends when the medians of the even and of the odd rounds of each graph are within `apart`, or after
 *  `rounds`, or `seconds`; never before `fewest` rounds. */
async function race({ graphs, rounds, fewest, seconds, apart, seed }) {
  const running = graphs.map(({ session, inputs }) => ({
    graph: sessions.get(session),
    feeds: feedsOf(inputs),
    ms: [],
  }));
  for (const { graph, feeds } of running) await graph.run(feeds); // shapes that it has not seen
  const random = { state: seed + 1 };
  const end = performance.now() + 1000 * seconds;
  const settled = () => running.every(({ ms }) => halvesApart(ms) <= apart);
  for (let round = 0; round < rounds; round++) {
    if (round >= fewest && (performance.now() >= end || settled())) break;
    for (const { graph, feeds, ms } of shuffled(running, random)) {
      const started = clock();
      await graph.run(feeds);
      ms.push(clock() - started);
    }
  }
  return { ms: running.map(({ ms }) => ms) };
}

function halvesApart(ms) {
  const [even, odd] = [0, 1].map((half) => median(ms.filter((_, round) => round % 2 === half)));
  return Math.abs(even - odd) / Math.min(even, odd);
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

/** Milliseconds that this process has computed: other processes add nothing to it, and one thread runs
 *  here. Windows counts it in steps of 16, so that there the clock on the wall is read. */
function clock() {
  if (process.platform === "win32") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function close({ session }) {
  await sessions.get(session).release();
  sessions.delete(session);
  return {};
}

function feedsOf(inputs) {
  return Object.fromEntries(
    inputs.map(({ name, type, shape, bytes }) => [
      name,
      new ort.Tensor(type, new KINDS[type](bytes), shape),
    ]),
  );
}

/** The same order for the same seed. */
function shuffled(list, random) {
  const next = () => (random.state = (random.state * 16807) % 2147483647);
  return list
    .map((one) => [next(), one])
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

/** Questions, each with the bytes of its tensors, as array buffers of their own. */
async function* questions() {
  for (let line; (line = await taken(lineEnd)); ) {
    const question = JSON.parse(line.toString("utf-8"));
    for (const tensor of tensorsIn(question)) {
      tensor.bytes = new Uint8Array(await taken(() => tensor.size)).buffer;
    }
    yield question;
  }
}

/** The next bytes of stdin, as many as `length` says once it can; nothing where stdin has ended. */
async function taken(length) {
  for (;;) {
    const size = length();
    if (size !== null && waiting.length >= size) {
      const found = waiting.subarray(0, size);
      waiting = waiting.subarray(size);
      return found;
    }
    const { value, done } = await chunks.next();
    if (done) return null;
    waiting = Buffer.concat([waiting, value]);
  }
}

function lineEnd() {
  const end = waiting.indexOf("\n");
  return end < 0 ? null : end + 1;
}

function tensorsIn({ inputs = [], graphs = [] }) {
  return [...inputs, ...graphs.flatMap((graph) => graph.inputs)];
}

function written(bytes) {
  return new Promise((resolve) => process.stdout.write(bytes, resolve));
}

for await (const question of questions()) {
  let answer;
  try {
    answer = await ANSWERS[question.ask](question);
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  const { bytes = [], ...told } = answer;
  await written(`${JSON.stringify(told)}\n`);
  for (const { buffer, byteOffset, byteLength } of bytes) {
    await written(Buffer.from(buffer, byteOffset, byteLength));
  }
}
process.exit(0); // its threads would keep it
