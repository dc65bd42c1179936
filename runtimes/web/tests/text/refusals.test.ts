/** What is refused, and in which words: texts that are none, and tokenizers that cannot be read. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkQuestion, checkSides, checkText, openTokenizer, refusalOfIds, tokensBeyond } from "../../src/text/index.ts";

type File = Record<string, unknown>;

const TOKENIZERS = join(process.env["EDGEBERT_WEB"] ?? "", "..", "conformance", "tokenizers");
const fileOf = (name: string): File => JSON.parse(readFileSync(join(TOKENIZERS, `${name}.json`), "utf8"));
const bert = openTokenizer(fileOf("wordpiece"));

test("what is no Unicode text is refused by its place", () => {
  const refused: [unknown, boolean, string][] = [
    [3, false, "text 2: expected string, not number"],
    [null, false, "text 2: expected string, not null"],
    [["a", "b"], false, "text 2: expected string, not Array"],
    [["a", 1n], true, "text 2: expected string, not bigint"],
    ["a\ud83d", false, "text 2: holds a lone surrogate, so it is not Unicode text"],
    [["a", "\udc4d b"], true, "text 2: holds a lone surrogate, so it is not Unicode text"],
  ];
  for (const [text, pairs, message] of refused) {
    assert.throws(() => checkText(text, 2, pairs), { name: "InputError", message });
  }
  assert.equal(checkText("👍 \ud83d\udc4d", 0, false), "👍 👍");
  assert.deepEqual(checkText(["", "b"], 0, true), ["", "b"]);
});

test("pairs and questions that leave no room are refused", () => {
  const long = "the lamp ".repeat(40);
  assert.throws(() => checkSides([long, long], 1, bert), {
    name: "InputError",
    message: /^text 1: both of its sides fill the 32 tokens that are read at a time; longText: "mean"/,
  });
  assert.deepEqual(checkSides(["a", long], 0, bert), ["a", long]);
  assert.throws(() => checkQuestion([long, "a"], 4, bert), {
    message: "text 4: its question leaves no room for a context in 32 tokens",
  });
  const reader = openTokenizer({
    ...fileOf("wordpiece"),
    truncation: { max_length: 8, stride: 0, strategy: "OnlySecond", direction: "Right" },
  });
  const message = "a question is longer than the 8 tokens that are read, or stands without its context";
  assert.throws(() => reader.encode([long, "a"]), { name: "InputError", message });
  assert.throws(() => reader.encode(long), { name: "InputError", message });
});

test("a token without embedding is named", () => {
  const { ids } = bert.encode("the lamp");
  const most = Math.max(...ids);
  const said = `its token '${bert.idToToken(most)}' (${most}) has no embedding: the model has ${most}`;
  assert.equal(refusalOfIds(ids, most, bert), said);
  assert.equal(refusalOfIds(ids, most + 1, bert), null);
  const last = bert.vocabularySize - 2;
  assert.deepEqual(tokensBeyond(bert, last), [bert.idToToken(last), bert.idToToken(last + 1)]);
});

test("a part that this client does not have is named when a tokenizer is opened", () => {
  const split = { type: "Split", behavior: "Isolated", invert: false };
  const others: [string, unknown, RegExp][] = [
    ["normalizer", { type: "Sequence", normalizers: [{ type: "Future" }] }, /the normalizer Future,/],
    ["pre_tokenizer", { type: "UnicodeScripts" }, /the pre-tokenizer UnicodeScripts,/],
    ["model", { type: "Morphemes" }, /the model Morphemes,/],
    ["post_processor", { type: "Future" }, /the post-processor Future,/],
    ["decoder", { type: "CTC" }, /the decoder CTC,/],
    ["pre_tokenizer", { ...split, pattern: { Regex: "a++" } }, /the regular expression "a\+\+",/],
    ["pre_tokenizer", { ...split, pattern: { Regex: "(?x) a" } }, /the regular expression/],
    ["pre_tokenizer", { ...split, pattern: { Regex: "[[a]b]" } }, /the regular expression/],
    ["pre_tokenizer", { ...split, behavior: "Future", pattern: { String: "a" } }, /the behavior "Future",/],
  ];
  for (const [part, value, message] of others) {
    assert.throws(() => openTokenizer({ ...fileOf("wordpiece"), [part]: value }), { name: "BundleError", message });
  }
});

test("a damaged file is refused in one line, whatever of it is missing or of another kind", () => {
  for (const name of ["wordpiece", "byte_level_bpe", "unigram"]) {
    let refused = 0;
    for (const damaged of damages(fileOf(name))) {
      try {
        openTokenizer(damaged);
      } catch (error) {
        refused += 1;
        assert.equal((error as Error).name, "BundleError", (error as Error).stack);
        assert.match((error as Error).message, /^tokenizer\.json (is damaged:|has) [^\n]+$/);
      }
    }
    assert.ok(refused > 20, `${name}: ${refused}`);
  }
  for (const none of [null, undefined, 1, "a", [], {}]) {
    assert.throws(() => openTokenizer(none), { name: "BundleError" });
  }
});

/** The file with each of its values, to some depth, of another kind in turn. */
function* damages(value: unknown, depth = 0): Generator<unknown> {
  if (typeof value !== "object" || value === null || depth > 4) return;
  for (const [key, inner] of Object.entries(value).slice(0, 8)) {
    for (const other of [17.5, "other", { type: 3 }, [null]]) yield put(value, key, other);
    for (const damaged of damages(inner, depth + 1)) yield put(value, key, damaged);
  }
}

function put(value: object, key: string, inner: unknown): unknown {
  if (!Array.isArray(value)) return { ...value, [key]: inner };
  return value.map((each, i) => (String(i) === key ? inner : each));
}
