/** Byte-pair encoding: pairs of neighbours are merged, those first that were learned first. */

import { damaged, flagOf, type Json, listOf, stringOf, unsupported, vocabularyOf } from "../json.ts";
import { byteTokens } from "./byteFallback.ts";
import type { Model, Pieces } from "./model.ts";
import { mergeAll, type Merges, type Symbols } from "./merging.ts";

/** Marks in the places where words begin and end. */
interface Marks {
  readonly continuing: string;
  readonly end: string;
}

export function bytePairs(options: Json): Model {
  if (options["dropout"]) throw unsupported("a dropout of its merges");
  const vocabulary = vocabularyOf(options["vocab"]);
  const tokens = new Map([...vocabulary].map(([token, id]) => [id, token]));
  const marks = {
    continuing: optional(options, "continuing_subword_prefix"),
    end: optional(options, "end_of_word_suffix"),
  };
  const merges = mergesOf(options["merges"], vocabulary, marks.continuing.length);
  const symbols = symbolsOf(options, vocabulary, marks);
  const keepsWhole = flagOf(options["ignore_merges"], "ignore_merges", false);
  const tokenize = (word: string): Pieces => {
    const id = keepsWhole ? vocabulary.get(word) : undefined;
    if (id !== undefined) return { ids: [id], tokens: [word], starts: [0], ends: [word.length] };
    const { ids, starts, ends } = mergeAll(symbols(word), merges);
    return { ids, tokens: ids.map((id) => tokens.get(id)!), starts, ends };
  };
  return { vocabulary, tokenize };
}

/** What a word is made of before anything is merged. */
function symbolsOf(
  options: Json,
  vocabulary: ReadonlyMap<string, number>,
  marks: Marks,
): (word: string) => Symbols {
  const fuses = flagOf(options["fuse_unk"], "fuse_unk", false);
  const fallsBack = flagOf(options["byte_fallback"], "byte_fallback", false);
  const unknown = unknownOf(options, vocabulary);
  return (word) => {
    const found: Symbols = { ids: [], starts: [], ends: [] };
    let pending: [start: number, end: number] | null = null;
    const flush = (): void => {
      if (pending && unknown !== null) put(found, unknown, ...pending);
      pending = null;
    };
    for (let start = 0; start < word.length; ) {
      const character = String.fromCodePoint(word.codePointAt(start)!);
      const end = start + character.length;
      const mark = (start > 0 ? marks.continuing : "") + character;
      const symbol = end === word.length ? mark + marks.end : mark;
      const id = vocabulary.get(symbol);
      const bytes = id === undefined && fallsBack ? byteTokens(symbol, vocabulary) : null;
      if (id !== undefined) {
        flush();
        put(found, id, start, end);
      } else if (bytes) {
        for (const byte of bytes) put(found, byte.id, start, end);
      } else if (pending && fuses) {
        pending = [pending[0], end];
      } else {
        flush();
        pending = [start, end];
      }
      start = end;
    }
    flush();
    return found;
  };
}

function put(symbols: Symbols, id: number, start: number, end: number): void {
  symbols.ids.push(id);
  symbols.starts.push(start);
  symbols.ends.push(end);
}

function unknownOf(options: Json, vocabulary: ReadonlyMap<string, number>): number | null {
  const token = options["unk_token"] ?? null;
  if (token === null) return null;
  const id = vocabulary.get(stringOf(token, "unk_token"));
  if (id === undefined) throw damaged(`the vocabulary has no ${String(token)}`);
  return id;
}

function mergesOf(
  value: unknown,
  vocabulary: ReadonlyMap<string, number>,
  prefixLength: number,
): Merges {
  let size = 1;
  for (const id of vocabulary.values()) size = Math.max(size, id + 1);
  const ranks = new Map<number, number>();
  const merged: number[] = [];
  listOf(value, "merges").forEach((entry, rank) => {
    const [left, right] = pairOf(entry);
    const ids = [left, right, left + right.slice(prefixLength)].map((token) => vocabulary.get(token));
    if (ids.includes(undefined)) throw damaged(`a merge of ${left} and ${right} is not in vocab`);
    ranks.set(ids[0]! * size + ids[1]!, rank);
    merged.push(ids[2]!);
  });
  return { size, ranks, merged };
}

function pairOf(entry: unknown): [string, string] {
  const pair = typeof entry === "string" ? entry.split(" ") : listOf(entry, "a merge");
  if (pair.length !== 2) throw damaged("a merge is not of two tokens");
  return [stringOf(pair[0], "a merge"), stringOf(pair[1], "a merge")];
}

function optional(options: Json, name: string): string {
  return stringOf(options[name] ?? "", name);
}
