/** Words, prompts and stitched windows. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { documentPrompt, openTokenizer, queryPrompt, singleTokens, splitWords, stitchedTokens, strideOf, tokenizedText, tokenSpan, tokensOf, wholeWords } from "../../src/text/index.ts";

const TOKENIZERS = join(process.env["EDGEBERT_WEB"] ?? "", "..", "conformance", "tokenizers");
const opened = (name: string) => openTokenizer(JSON.parse(readFileSync(join(TOKENIZERS, `${name}.json`), "utf8")));
const ALL = ["wordpiece", "byte_level_bpe", "unigram"].map(opened);

test("words are alike for tokenizers of all kinds", () => {
  const text = "  Anna: well-known café in 北, 👍🏽 \u00a0caf\u00e9 9:30.";
  const wanted = ["Anna", ":", "well", "-", "known", "café", "in", "北", ",", "👍", "🏽", "café", "9", ":", "30", "."];
  for (const tokenizer of ALL) {
    const found = splitWords(tokenizedText(text, tokenizer.cutAt(null).encode(text)));
    assert.deepEqual(found.map(({ start, end }) => text.slice(start, end)), wanted);
  }
});

test("words hold their tokens, and tokens without characters are in none", () => {
  for (const tokenizer of ALL) {
    const text = "the lamp  is on";
    const tokenized = tokenizedText(text, tokenizer.encode(text));
    const singles = singleTokens(tokenized);
    const wholes = wholeWords(tokenized);
    assert.deepEqual(wholes.flatMap(({ tokens }) => tokens), singles.flatMap(({ tokens }) => tokens));
    assert.deepEqual(wholes.map(({ start, end }) => text.slice(start, end)), ["the", "lamp", "is", "on"]);
  }
});

test("spans leave out blanks", () => {
  assert.deepEqual(tokenSpan(" a ", [0, 3], "Ġa"), [1, 2]);
  assert.deepEqual(tokenSpan("ab", [0, 1], "▁"), [0, 0]);
  assert.deepEqual(tokenSpan(" \x85\u200b", [0, 3], "x"), [0, 0]);
});

test("a text read in windows has each of its tokens once", () => {
  const text = "the kettle whistled while rain ran down the window, 👍🏽 and 北京 café. ".repeat(6);
  for (const tokenizer of ALL) {
    const windows = tokenizer.windows(text);
    assert.ok(windows.length > 3);
    const { tokenized, found } = stitchedTokens(text, windows);
    const whole = tokenizedText(text, tokenizer.cutAt(null).encode(text));
    const inside = whole.wordIds.flatMap((word, i) => (word === null ? [] : [i]));
    assert.deepEqual(tokenized.offsets, inside.map((i) => whole.offsets[i]));
    assert.deepEqual(tokenized.wordIds, inside.map((i) => whole.wordIds[i]));
    assert.equal(found.length, tokenized.offsets.length);
    assert.ok(windows.every((window) => tokensOf(window) <= 30));
  }
});

test("strides are halved until parts move on", () => {
  assert.deepEqual([300, 256, 255, 30, 3, 2, 1, 0].map(strideOf), [128, 128, 64, 8, 1, 1, 0, 0]);
});

test("prompts are found by the names that sentence-transformers has", () => {
  assert.equal(documentPrompt({ prompts: { document: "", passage: "p: " } }), "passage");
  assert.equal(queryPrompt({ prompts: { query: "q: " } }), "query");
  assert.equal(queryPrompt({ prompts: { document: "d: " } }), "");
});
