/** One text, a list, a stream; what is refused; what is cancelled; what is closed. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ClosedError, load, type Model } from "../src/index.ts";
import { bundle, CONTEXTS, json, QUESTION, TEXTS } from "./fixtures.ts";
import { join } from "node:path";

let embedder: Model;
let tagger: Model;
let reader: Model;
let classifier: Model;
before(async () => {
  [embedder, tagger, reader, classifier] = (await Promise.all(
    ["embedder", "tagger", "reader", "classifier"].map((name) =>
      load(bundle(name), { threads: 1 }),
    ),
  )) as [Model, Model, Model, Model];
});
after(() => Promise.all([embedder, tagger, reader, classifier].map((model) => model.close())));

const numbers = (vector: ArrayLike<number>): number[] => Array.from(vector);

test("a text has the same bits alone, in any batch, in any order, and twice in a list", async () => {
  const alone = await Promise.all(TEXTS.map((text) => embedder.embed(text)));
  const together = await embedder.embed(TEXTS);
  const backwards = await embedder.embed([...TEXTS, ...TEXTS].reverse());
  TEXTS.forEach((_, i) => {
    assert.deepEqual(together[i], alone[i]);
    assert.deepEqual(backwards[TEXTS.length - 1 - i], alone[i]);
    assert.deepEqual(backwards[2 * TEXTS.length - 1 - i], alone[i]);
  });
  assert.notEqual(
    backwards[0]!.buffer,
    backwards[TEXTS.length]!.buffer,
    "each has memory of its own",
  );
});

test("an empty list gives an empty list", async () => {
  assert.deepEqual(await embedder.embed([]), []);
  assert.deepEqual(await tagger.tag([]), []);
  assert.deepEqual(await reader.answer([], []), []);
});

test("a stream is answered as it comes: no answer waits for a text that is not there yet", async () => {
  let asked = 0;
  async function* slow(): AsyncGenerator<string> {
    for (const text of ["one", "two", "three"]) {
      asked += 1;
      yield text;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }
  const seen: number[] = [];
  for await (const vector of embedder.embed(slow())) seen.push(asked * 100 + vector.length);
  assert.deepEqual(seen, [132, 232, 332]);
});

test("a generator is read ahead, in order, and left when nobody reads on", async () => {
  const listed = Array.from(
    { length: 3000 },
    (_, i) => `anna is in paris ${i % 7} ${"was ".repeat(i % 5)}`,
  );
  const expected = await embedder.embed(listed);
  let ended = false;
  function* texts(): Generator<string> {
    try {
      yield* listed;
    } finally {
      ended = true;
    }
  }
  let at = 0;
  for await (const vector of embedder.embed(texts())) assert.deepEqual(vector, expected[at++]);
  assert.equal(at, listed.length);
  ended = false;
  for await (const vector of embedder.embed(texts())) {
    assert.equal(vector.length, 32);
    break;
  }
  assert.ok(ended);
});

test("an error of a stream comes after the answers before it, and names its text", async () => {
  const found: unknown[] = [];
  await assert.rejects(
    async () => {
      for await (const vector of embedder.embed(["a", "b", 5 as unknown as string, "c"].values()))
        found.push(vector);
    },
    { name: "InputError", message: "text 2: expected string, not number" },
  );
  assert.ok(found.length >= 1);
});

test("questions go with contexts one by one, or one with all, in lists and streams", async () => {
  const each = await reader.answer(
    CONTEXTS.map(() => QUESTION),
    CONTEXTS,
  );
  assert.deepEqual(await reader.answer(QUESTION, CONTEXTS), each);
  const streamed: unknown[] = [];
  for await (const answer of reader.answer(
    CONTEXTS.map(() => QUESTION).values(),
    CONTEXTS.values(),
  ))
    streamed.push(answer);
  assert.deepEqual(streamed, each);
  await assert.rejects(reader.answer([QUESTION], CONTEXTS), {
    name: "InputError",
    message: "1 questions and 3 contexts: not as many",
  });
  await assert.rejects(
    async () => {
      for await (const _ of reader.answer([QUESTION].values(), CONTEXTS.values()));
    },
    { name: "InputError", message: "not as many contexts as questions" },
  );
  await assert.rejects(reader.answer(5 as never, CONTEXTS), {
    name: "InputError",
    message: "question: expected a text or texts, not number",
  });
});

test("entities and answers stand where JavaScript finds them, behind characters of two units too", async () => {
  for (const entity of await tagger.tag("👍🏽👍🏽 anna was in 𝒳 berlin 👩‍👩‍👧 and paris")) {
    assert.equal(
      "👍🏽👍🏽 anna was in 𝒳 berlin 👩‍👩‍👧 and paris".slice(entity.start, entity.end),
      entity.text,
    );
  }
  const context = "👍🏽👍🏽 anna is in paris 👩‍👩‍👧 ben is in berlin";
  const answer = await reader.answer(QUESTION, context);
  assert.equal(context.slice(answer.start, answer.end), answer.text);
  const plain = "anna is in paris . ben is in berlin";
  const [moved] = await tagger.tag([`👍🏽 ${plain}`]);
  assert.ok(moved!.length > 0);
  for (const entity of moved!)
    assert.equal(`👍🏽 ${plain}`.slice(entity.start, entity.end), entity.text);
});

test("a call is cancelled by its signal, with its reason, and the rest is not computed", async () => {
  const texts = Array.from({ length: 5000 }, (_, i) => `anna was in the kitchen ${i}`);
  const reason = new Error("typed on");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  const began = performance.now();
  await assert.rejects(embedder.embed(texts, { signal: controller.signal }), reason);
  const cancelled = performance.now() - began;
  await assert.rejects(embedder.embed("a", { signal: controller.signal }), reason);
  const whole = performance.now();
  await embedder.embed(texts);
  assert.ok(cancelled < (performance.now() - whole) / 2, "the rest was not computed");
  await assert.rejects(embedder.embed("a", { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
});

test("events have their turn while many texts are embedded", async () => {
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
  await embedder.embed(texts);
  clearInterval(timer);
  assert.ok(longest < 200, `${longest} ms`);
});

test("a closed model says so, and a second close is none", async () => {
  const model = await load(bundle("embedder"), { threads: 1 });
  const running = model.embed(TEXTS);
  await model.close();
  await assert.rejects(running, { name: "ClosedError", message: "this model is closed" });
  for (const call of [
    () => model.embed("a"),
    () => model.countTokens("a"),
    () => model.verify(),
    () => model.similarity("a", "b"),
  ]) {
    await assert.rejects(call(), ClosedError);
  }
  await assert.rejects(async () => {
    for await (const _ of model.embed(["a"].values()));
  }, ClosedError);
  await model.close();
});

test("fingerprints are those of Python", async () => {
  assert.equal(embedder.fingerprint, "fp32-754b134c-fb63c37cc352-onnxruntime");
  assert.equal(
    embedder.madeBy({ prompt: "query" }),
    "fp32-754b134c-fb63c37cc352-onnxruntime+prompt=query.bef1ec49",
  );
  assert.equal(
    embedder.madeBy({ longText: "mean" }),
    "fp32-754b134c-fb63c37cc352-onnxruntime+long_text=mean",
  );
  assert.equal(classifier.fingerprint, "fp32-c9edd9b7-c05784ed59e8-onnxruntime");
  assert.equal(tagger.fingerprint, "fp32-b9655a88-9711c8957e17-onnxruntime");
  assert.equal(
    tagger.madeBy({ aggregation: "max" }),
    "fp32-b9655a88-9711c8957e17-onnxruntime+aggregation=max",
  );
  assert.equal(
    reader.madeBy({ allowNoAnswer: true }),
    "fp32-2ab907ef-44805a42f9b6-onnxruntime+no_answer=allowed",
  );
  for (const [name, cpu] of [
    ["embedder-int8", "token-754b134c-cefc1e645e24-onnxruntime"],
    ["tagger-int8", "static-b9655a88-362a20cb7a83-onnxruntime"],
  ] as const) {
    for (const [provider, engine] of [
      ["cpu", ""],
      ["wasm", ".wasm"],
    ] as const) {
      const model = await load(bundle(name), { provider, threads: 1 });
      assert.equal(model.fingerprint, cpu + engine);
      await model.close();
    }
  }
});

test("a model says what it is", () => {
  const manifest = json(join(bundle("embedder"), "manifest.json")) as { max_length: number };
  assert.deepEqual(
    [
      embedder.path,
      embedder.task,
      embedder.maxLength,
      embedder.width,
      embedder.provider,
      embedder.similarityFnName,
    ],
    [bundle("embedder"), "feature-extraction", manifest.max_length, 32, "cpu", "cosine"],
  );
  assert.deepEqual(classifier.labels, ["off", "on", "tell"]);
  assert.deepEqual([classifier.width, classifier.threads, classifier.notes], [null, 1, []]);
});

test("vectors of every form compare, and search finds the same in all of them", async () => {
  const [query, ...corpus] = TEXTS.slice(0, 5);
  const expected = (await embedder.search(query!, corpus, { k: 2 })).map(({ index }) => index);
  for (const dtype of ["float32", "float16", "int8"] as const) {
    const vectors = await embedder.embed(corpus, { dtype, prompt: "document" });
    const hits = await embedder.search(query!, vectors, { k: 2 });
    assert.deepEqual(
      hits.map(({ index }) => index),
      expected,
      dtype,
    );
    assert.ok(hits.every(({ text }) => text === null));
  }
  const bits = await embedder.embed(TEXTS, { dtype: "binary" });
  assert.ok(Math.abs((await embedder.similarity(bits[0]!, bits[0]!)) - 1) < 1e-6);
  const apart = await embedder.similarity(bits[0]!, bits[1]!);
  const differing = Array.from(bits[0]!, (byte, i) => byte ^ bits[1]![i]!).reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll("0", "").length,
    0,
  );
  assert.ok(Math.abs(apart - (1 - (2 * differing) / 32)) < 1e-6);
  assert.deepEqual(numbers(await embedder.similarity(TEXTS[0]!, TEXTS)).length, TEXTS.length);
  assert.deepEqual(
    numbers(await embedder.similarity(TEXTS, TEXTS[0]!)),
    numbers(await embedder.similarity(TEXTS[0]!, TEXTS)),
  );
});
