/** The cases that all clients share: how texts are read, cut and put in parts. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Encoding, openTokenizer, refusalOfSides, type Text, type Tokenizer } from "../../src/text/index.ts";

const FOLDER = join(process.env["EDGEBERT_WEB"] ?? "", "..", "conformance");

interface Placed {
  readonly ids: number[];
  readonly offsets: (readonly [number, number])[];
}

interface Case extends Placed {
  readonly name: string;
  readonly text?: string;
  readonly pair?: [string, string];
  readonly truncation?: { max_length: number; strategy: string; direction: string };
  readonly type_ids: number[];
  readonly tokens: number;
  readonly truncated: boolean;
  readonly parts?: (number[] | { ids: number[]; type_ids: number[] })[] | null;
  readonly windows?: Placed[];
}

function casesOf(name: string): Case[] {
  const lines = readFileSync(join(FOLDER, "cases", `${name}.jsonl`), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Case);
}

function tokenizerOf(name: string, found: Case): Tokenizer {
  const file = JSON.parse(readFileSync(join(FOLDER, "tokenizers", `${name}.json`), "utf8"));
  const cut = found.truncation;
  if (!cut) return openTokenizer(file);
  const strategy = cut.strategy === "only_second" ? "OnlySecond" : "LongestFirst";
  const direction = cut.direction === "left" ? "Left" : "Right";
  return openTokenizer({ ...file, truncation: { ...cut, strategy, direction, stride: 0 } });
}

const textOf = (found: Case): Text => found.text ?? found.pair!;

/** What a case says, its characters counted as JavaScript counts. */
function expected(found: Case, { ids, offsets }: Placed, sequenceIds: readonly (number | null)[]): Placed {
  const sides = found.pair ?? [found.text!];
  const units = sides.map((side) => {
    const places = [0];
    for (const character of side) places.push(places.at(-1)! + character.length);
    return places;
  });
  const placed = offsets.map(([start, end], i) => {
    const places = units[sequenceIds[i] ?? 0]!;
    return [places[start]!, places[end]!] as const;
  });
  return { ids, offsets: placed };
}

const placed = ({ ids, offsets }: Encoding): Placed => ({ ids: [...ids], offsets: [...offsets] });

for (const name of ["wordpiece", "byte_level_bpe", "unigram"]) {
  const cases = casesOf(name);

  test(`${name}: texts have these tokens at these places`, () => {
    assert.ok(cases.length > 70);
    for (const found of cases) {
      const tokenizer = tokenizerOf(name, found);
      const encoding = tokenizer.encode(textOf(found));
      assert.deepEqual(placed(encoding), expected(found, found, encoding.sequenceIds), found.name);
      assert.deepEqual(encoding.typeIds, found.type_ids, found.name);
      assert.equal(encoding.overflowing.length > 0, found.truncated, found.name);
      assert.equal(tokenizer.count(textOf(found)), found.tokens, found.name);
    }
  });

  test(`${name}: long texts are read in these parts`, () => {
    const long = cases.filter((found) => found.parts !== undefined);
    assert.ok(long.length > 8);
    for (const found of long) {
      const tokenizer = tokenizerOf(name, found);
      if (found.pair) assert.equal(refusalOfSides(found.pair, tokenizer) === null, found.parts !== null);
      if (found.parts === null) {
        assert.throws(() => tokenizer.parts(textOf(found)), { name: "InputError" }, found.name);
        continue;
      }
      const parts = tokenizer.parts(textOf(found));
      const read = parts.map(({ ids, typeIds }) => (found.pair ? { ids, type_ids: typeIds } : ids));
      assert.deepEqual(read, found.parts, found.name);
    }
  });

  test(`${name}: long texts are read in these windows`, () => {
    const long = cases.filter((found) => found.windows !== undefined);
    assert.ok(long.length > 8);
    for (const found of long) {
      const windows = tokenizerOf(name, found).windows(textOf(found));
      const wanted = found.windows!.map((window, i) => expected(found, window, windows[i]?.sequenceIds ?? []));
      assert.deepEqual(windows.map(placed), wanted, found.name);
    }
  });
}
