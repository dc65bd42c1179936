/** A model in a worker answers as one that is here. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  load,
  loadInWorker,
  type LoadInWorkerOptions,
  type Model,
  type Progress,
} from "../src/index.ts";
import { answersOf, assertClose, BUILT, bundle, CONTEXTS, QUESTION, TEXTS } from "./fixtures.ts";
import { serve } from "./server.ts";

const worker = pathToFileURL(join(BUILT, "worker.js"));
const open: Model[] = [];
after(() => Promise.all(open.map((model) => model.close())));

async function inWorker(name: string, options: LoadInWorkerOptions = {}): Promise<Model> {
  const model = await loadInWorker(bundle(name), { worker, threads: 1, ...options });
  open.push(model);
  return model;
}

test("it embeds, compares and searches as in Python, in lists and streams", async () => {
  const model = await inWorker("embedder");
  const expected = answersOf("embedder");
  assertClose(await model.embed(TEXTS), expected["embed"], 1e-5);
  const streamed: Float32Array[] = [];
  for await (const vector of model.embed(TEXTS.values())) streamed.push(vector);
  assertClose(streamed, expected["embed"], 1e-5);
  assertClose(await model.similarity(TEXTS.slice(0, 3), TEXTS), expected["similarity"], 1e-5);
  assertClose(await model.search(TEXTS.slice(0, 3), TEXTS, { k: 4 }), expected["search"], 1e-5);
  assert.ok((await model.verify()).passed);
});

test("it says the same of itself as one that is here", async () => {
  const here = await load(bundle("tagger"), { threads: 1 });
  const there = await inWorker("tagger");
  const plain = (model: Model): unknown => JSON.parse(JSON.stringify(model));
  assert.deepEqual(plain(there), plain(here));
  assert.deepEqual(await there.tag(TEXTS), await here.tag(TEXTS));
  assert.equal(there.madeBy({ aggregation: "max" }), here.madeBy({ aggregation: "max" }));
  await here.close();
});

test("questions, pairs, labels and masks go there and back", async () => {
  const reader = await inWorker("reader");
  const expected = answersOf("reader")["answer one"] as object;
  assertClose(await reader.answer(QUESTION, CONTEXTS[0]!), expected, 1e-5);
  const reranker = await inWorker("reranker");
  assertClose(await reranker.rerank(QUESTION, TEXTS), answersOf("reranker")["rerank"], 1e-5);
  const filler = await inWorker("filler");
  assertClose(
    await filler.fillMask("anna is in [MASK] .", { k: 3 }),
    answersOf("filler")["fill_mask of one"],
    1e-5,
  );
});

test("this thread is free while the worker embeds", async () => {
  const model = await inWorker("embedder");
  const texts = Array.from(
    { length: 3000 },
    (_, i) => `anna was in the kitchen ${i} ${"late ".repeat(i % 20)}`,
  );
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await model.embed(texts);
  clearInterval(timer);
  assert.ok(longest < 100, `${longest} ms`);
});

test("errors keep their kind, and stand in the caller's thread", async () => {
  const model = await inWorker("embedder");
  await assert.rejects(model.embed(["a", 5 as never]), {
    name: "InputError",
    message: "text 1: expected string, not number",
  });
  await assert.rejects(model.classify("a"), {
    name: "InputError",
    message: /is a feature-extraction bundle/,
  });
  await assert.rejects(model.embed([(() => "") as never]), {
    name: "InputError",
    message: /^what was given cannot go to a worker: /,
  });
  await assert.rejects(inWorker("none"), {
    name: "BundleError",
    message: /is not a bundle: it has no manifest\.json/,
  });
});

test("a cancelled call ends at once here, and soon there", async () => {
  const model = await inWorker("embedder");
  const texts = Array.from({ length: 20_000 }, (_, i) => `anna was in the kitchen ${i}`);
  const reason = new Error("typed on");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 50);
  const began = performance.now();
  await assert.rejects(model.embed(texts, { signal: controller.signal }), reason);
  const cancelled = performance.now();
  await model.embed("a short one");
  const next = performance.now() - cancelled;
  assert.ok(cancelled - began < 300, `${cancelled - began} ms until it was cancelled`);
  await model.embed(texts.slice(0, 4000));
  assert.ok(next < (performance.now() - cancelled) / 2, `${next} ms until the next answer`);
});

test("a download in a worker tells how far it has come, and can be cancelled", async () => {
  const served = await serve({ "/": bundle("embedder") });
  const told: Progress[] = [];
  const model = await loadInWorker(`${served.address}/`, {
    worker,
    threads: 1,
    onProgress: (progress) => void told.push(progress),
  });
  open.push(model);
  assert.ok(told.length >= 3 && told.at(-1)!.loadedBytes === told.at(-1)!.totalBytes);
  served.close();
  const slow = await serve({ "/": bundle("embedder") }, { bytesPerSecond: 20_000 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  await assert.rejects(loadInWorker(`${slow.address}/`, { worker, signal: controller.signal }), {
    name: "AbortError",
  });
  slow.close();
});

test("files go to a worker", async () => {
  const files = new Map(
    readdirSync(bundle("embedder"))
      .filter((name) => /\.(json|onnx)$/.test(name))
      .map((name) => [name, new Uint8Array(readFileSync(join(bundle("embedder"), name)))]),
  );
  const model = await loadInWorker(files, { worker, threads: 1 });
  open.push(model);
  assertClose(await model.embed(TEXTS), answersOf("embedder")["embed"], 1e-5);
});

test("a closed model says so, and its worker has ended", async () => {
  const model = await inWorker("embedder");
  await model.close();
  await assert.rejects(model.embed("a"), { name: "ClosedError", message: "this model is closed" });
  await model.close();
});

test("a worker whose code is not there is told of in one line", async () => {
  await assert.rejects(loadInWorker(bundle("embedder"), { worker: "file:///nowhere/worker.js" }), {
    name: "ProviderError",
    message: /^the worker ended: [^\n]+$/,
  });
  await assert.rejects(loadInWorker(bundle("embedder"), { worker: "no address" }), {
    name: "ProviderError",
    message: /^the worker cannot be started: [^\n]+$/,
  });
});
