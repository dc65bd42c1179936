/** What is refused, in one line that says what is wrong, and of which text. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InputError, load, type Model } from "../src/index.ts";
import { bundle } from "./fixtures.ts";

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

const REFUSED: readonly (readonly [string, RegExp, () => Promise<unknown>])[] = [
  [
    "a verb of another task",
    /embedder is a feature-extraction bundle; classify needs one for text-classification$/,
    () => embedder.classify("a"),
  ],
  [
    "a number for a text",
    /^expected a text or texts, not number$/,
    () => embedder.embed(5 as never),
  ],
  [
    "nothing",
    /^expected a text or texts, not undefined$/,
    () => embedder.embed(undefined as never),
  ],
  [
    "a number in a list",
    /^text 1: expected string, not number$/,
    () => embedder.embed(["a", 5 as never]),
  ],
  [
    "a lone surrogate",
    /^text 1: holds a lone surrogate, so it is not Unicode text$/,
    () => embedder.embed(["a", "b\ud83d"]),
  ],
  [
    "a pair where single texts are read",
    /^text 0: expected string, not Array$/,
    () => embedder.embed([["a", "b"]] as never),
  ],
  [
    "an unknown prompt",
    /has no prompt 'nope'; it has: query, document$/,
    () => embedder.embed("a", { prompt: "nope" }),
  ],
  [
    "too many numbers",
    /^truncateDim=33: expected a whole number, 1 to 32$/,
    () => embedder.embed("a", { truncateDim: 33 }),
  ],
  [
    "numbers that are no bytes",
    /^dtype='binary' packs 8 numbers into a byte, and here are 12: truncateDim=8 gives whole bytes$/,
    () => embedder.embed("a", { truncateDim: 12, dtype: "binary" }),
  ],
  [
    "an unknown dtype",
    /^dtype='int4': expected one of float32, float16, int8, binary$/,
    () => embedder.embed("a", { dtype: "int4" as never }),
  ],
  [
    "too few tokens",
    /^maxLength=2: expected a whole number, 3 to 24$/,
    () => embedder.embed("a", { maxLength: 2 }),
  ],
  [
    "an unknown way with long texts",
    /^longText='middle': expected one of truncate, mean$/,
    () => embedder.embed("a", { longText: "middle" as never }),
  ],
  [
    "nothing to find",
    /^k=0: expected a whole number, at least 1$/,
    () => embedder.search("a", ["b"], { k: 0 }),
  ],
  ["an empty corpus", /^the corpus is empty$/, () => embedder.search("a", [])],
  [
    "vectors of another width",
    /^queries of 8 numbers and a corpus of 32 do not compare: embed both with the same model and truncateDim$/,
    () => embedder.search(new Float32Array(8), ["a"]),
  ],
  [
    "a number that is not finite",
    /^corpus: vector 1 holds a number that is not finite$/,
    () => embedder.search("a", [new Float32Array(32), new Float32Array(32).fill(NaN)]),
  ],
  [
    "an unknown aggregation",
    /^aggregation='last': expected one of words, simple, first, average, max$/,
    () => tagger.tag("a", { aggregation: "last" as never }),
  ],
  [
    "several labels for an order",
    /classifier knows 3 labels; rerank needs a single one, whose score is the order$/,
    () => classifier.rerank("a", ["b"]),
  ],
  [
    "both sides of a pair too long",
    /^text 0: both of its sides fill the 66 tokens that are read at a time; longText/,
    () => classifier.classify([["anna ".repeat(70), "ben ".repeat(70)]], { longText: "mean" }),
  ],
  [
    "a question that fills the model",
    /^text 0: its question leaves no room for a context in 66 tokens$/,
    () => reader.answer("is ".repeat(70), "anna"),
  ],
];
for (const [what, message, call] of REFUSED) {
  test(`${what} is refused in one line`, async () => {
    await assert.rejects(call(), (error: Error) => {
      assert.ok(error instanceof InputError, String(error.stack));
      assert.match(error.message, message);
      return true;
    });
  });
}

test("masks that are not there, or cut off, are refused", async () => {
  const filler = await load(bundle("filler"), { threads: 1 });
  await assert.rejects(filler.fillMask("no mask"), {
    name: "InputError",
    message: "text 0: has no [MASK] to fill in",
  });
  await assert.rejects(filler.fillMask(["anna [MASK]", `${"a ".repeat(90)}[MASK]`]), {
    name: "InputError",
    message: "text 1: a [MASK] stands behind the 65 tokens that are read",
  });
  await assert.rejects(filler.fillMask("[MASK]", { k: 0 }), { name: "InputError" });
  await filler.close();
});
