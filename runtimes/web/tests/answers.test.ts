/** Every verb gives what Python gave, on onnxruntime-node and on onnxruntime-web's wasm. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { load, type Model, type Vector } from "../src/index.ts";
import { halfValue } from "../src/vectors/forms.ts";
import {
  answersOf,
  assertClose,
  bundle,
  BUNDLES,
  CONTEXTS,
  inCodePoints,
  MASKED,
  PAIRS,
  QUESTION,
  TARGETS,
  TEXTS,
} from "./fixtures.ts";

type Call = (model: Model) => Promise<unknown>;

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const answer of stream) found.push(answer);
  return found;
}

async function* streamed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Numbers of a vector, as numpy lists them. */
function numbers(vectors: readonly Vector[]): unknown[] {
  return vectors.map((vector) => Array.from(vector));
}

const BOTH = [...TEXTS, ...PAIRS];
const SOME = TEXTS.slice(0, 3);
const tagged = async (
  model: Model,
  aggregation?: "words" | "simple" | "first" | "average" | "max",
): Promise<unknown> => {
  const found = await model.tag(TEXTS, aggregation ? { aggregation } : {});
  return found.map((entities, i) => entities.map((entity) => inCodePoints(TEXTS[i]!, entity)));
};
const answered = async (model: Model, options = {}): Promise<unknown> => {
  const found = await model.answer(QUESTION, CONTEXTS, options);
  return found.map((answer, i) => inCodePoints(CONTEXTS[i]!, answer));
};

const CALLS: Readonly<Record<string, Call>> = {
  embed: (model) => model.embed(TEXTS),
  "embed of one": (model) => model.embed(TEXTS[0]!),
  "embed of a stream": (model) => all(model.embed(streamed(TEXTS))),
  "embed whole texts": (model) => model.embed(TEXTS, { longText: "mean" }),
  "embed of 12 numbers": (model) => model.embed(SOME, { truncateDim: 12 }),
  "embed of 9 tokens": (model) => model.embed(TEXTS, { maxLength: 9 }),
  "embed with the prompt query": (model) => model.embed(TEXTS, { prompt: "query" }),
  "embed with the prompt document": (model) => model.embed(TEXTS, { prompt: "document" }),
  "embed in float16": async (model) =>
    (await model.embed(SOME, { dtype: "float16" })).map((bits) => Array.from(bits, halfValue)),
  "embed in int8": async (model) => numbers(await model.embed(SOME, { dtype: "int8" })),
  "embed in bits": async (model) => numbers(await model.embed(SOME, { dtype: "binary" })),
  similarity: (model) => model.similarity(SOME, TEXTS),
  search: (model) => model.search(SOME, TEXTS, { k: 4 }),
  classify: (model) => model.classify(BOTH),
  "classify one": (model) => model.classify(TEXTS[0]!),
  "classify a stream": (model) => all(model.classify(streamed(BOTH))),
  "classify whole texts": (model) => model.classify(BOTH, { longText: "mean" }),
  rerank: (model) => model.rerank(QUESTION, TEXTS),
  tag: (model) => tagged(model),
  "tag by words": (model) => tagged(model, "words"),
  "tag by simple": (model) => tagged(model, "simple"),
  "tag by first": (model) => tagged(model, "first"),
  "tag by average": (model) => tagged(model, "average"),
  "tag by max": (model) => tagged(model, "max"),
  fill_mask: (model) => model.fillMask(MASKED(model.maskToken!).slice(0, 2)),
  "fill_mask of one": (model) => model.fillMask(MASKED(model.maskToken!)[0]!, { k: 3 }),
  "fill_mask of a stream": (model) =>
    all(model.fillMask(streamed(MASKED(model.maskToken!).slice(0, 2)))),
  answer: (model) => answered(model),
  "answer one": (model) => model.answer(QUESTION, CONTEXTS[0]!),
  "answer a stream": (model) => all(model.answer(QUESTION, streamed(CONTEXTS))),
  "answer or none": (model) => answered(model, { allowNoAnswer: true }),
  embed_sparse: (model) => model.embedSparse(TEXTS),
  "embed_sparse whole texts": (model) => model.embedSparse(TEXTS, { longText: "mean" }),
  fingerprint: async (model) => model.fingerprint,
  max_length: async (model) => model.maxLength,
  count_tokens: (model) => model.countTokens(TEXTS),
  truncated: (model) => model.truncated(TEXTS),
};

/** What Python's `answers_of` gives that has no method here, or other places (checked elsewhere). */
const ELSEWHERE = ["outputs", "tag one", "tag a stream"];

const QUANTIZED = /int8$|^weight-only$/;

/** Floats of fp32, and of int8 on the CPU: the committed answers have seven digits. */
const WITHIN = 1e-5;

/** A graph of fp16, whose sums of eleven bits each release of onnxruntime rounds where it casts. */
const WITHIN_FP16 = 2e-3;

/** int8 vectors may round to the neighbouring number; float16 has eleven bits. */
const ROUNDED: Readonly<Record<string, number>> = {
  "embed in int8": 1,
  "embed in float16": 2 ** -11,
};

/** Relative distance below which int8 was rounded alike everywhere: CPUs of other kinds may round an
 *  activation to its neighbour, and what is decided there is held by the golden answers alone. */
const SAME_ROUNDING = 1e-4;

async function assertAnswers(name: string, provider: "cpu" | "wasm"): Promise<void> {
  const model = await load(bundle(name), { provider, threads: 1 });
  try {
    assert.equal(model.provider, provider);
    const { passed, answers } = await model.verify();
    assert.ok(passed);
    if (answers.some(({ toExpected }) => toExpected > SAME_ROUNDING) && QUANTIZED.test(name))
      return;
    const within = model.manifest.precision === "fp16" ? WITHIN_FP16 : WITHIN;
    for (const [asked, expected] of Object.entries(answersOf(name))) {
      if (ELSEWHERE.includes(asked)) continue;
      const call = CALLS[asked];
      assert.ok(call, `${asked} is asked for`);
      assertClose(await call(model), expected, ROUNDED[asked] ?? within, `${name}, ${asked}`);
    }
  } finally {
    await model.close();
  }
}

for (const name of [...BUNDLES, ...TARGETS]) {
  test(`${name} answers in Node as in Python`, () => assertAnswers(name, "cpu"));
}
for (const name of [...BUNDLES, ...TARGETS].filter((name) => !QUANTIZED.test(name))) {
  test(`${name} answers in wasm as in Python`, () => assertAnswers(name, "wasm"));
}

for (const provider of ["cpu", "wasm"] as const) {
  for (const name of [...BUNDLES, ...TARGETS]) {
    test(`${name} keeps on ${provider} what its golden answers promise`, async () => {
      const model = await load(bundle(name), { provider, threads: 1 });
      const { passed, answers, failures } = await model.verify();
      assert.deepEqual(failures, []);
      assert.ok(passed && answers.length >= 33);
      assert.ok(
        answers.every(
          ({ roundsOtherwise }) =>
            roundsOtherwise === (provider === "wasm" && QUANTIZED.test(name)),
        ),
      );
      await model.close();
    });
  }
}
