/** The longest piece that a word begins with, then the longest of the rest. */

import { countOf, damaged, type Json, stringOf, vocabularyOf } from "../json.ts";
import type { Model, Pieces } from "./model.ts";

export function wordPiece(options: Json): Model {
  const vocabulary = vocabularyOf(options["vocab"]);
  const unknown = stringOf(options["unk_token"], "unk_token");
  const prefix = stringOf(options["continuing_subword_prefix"], "continuing_subword_prefix");
  const most = countOf(options["max_input_chars_per_word"], "max_input_chars_per_word");
  const longest = [...vocabulary.keys()].reduce((size, token) => Math.max(size, token.length), 0);
  const tokenize = (word: string): Pieces => {
    if (word.length > most && [...word].length > most) return whole(word);
    return cut(word, vocabulary, prefix, longest) ?? whole(word);
  };
  const whole = (word: string): Pieces => {
    const id = vocabulary.get(unknown);
    if (id === undefined) throw damaged(`the vocabulary has no ${unknown}`);
    return { ids: [id], tokens: [unknown], starts: [0], ends: [word.length] };
  };
  return { vocabulary, tokenize };
}

/** The pieces of a word; null where a part of it is unknown. */
function cut(
  word: string,
  vocabulary: ReadonlyMap<string, number>,
  prefix: string,
  longest: number,
): Pieces | null {
  const pieces = { ids: [] as number[], tokens: [] as string[], starts: [] as number[], ends: [] as number[] };
  for (let start = 0; start < word.length; ) {
    let end = Math.min(word.length, start + longest);
    let id: number | undefined;
    let token = "";
    for (; end > start; end -= 1) {
      token = start > 0 ? prefix + word.slice(start, end) : word.slice(start, end);
      id = vocabulary.get(token);
      if (id !== undefined) break;
    }
    if (id === undefined) return null;
    pieces.ids.push(id);
    pieces.tokens.push(token);
    pieces.starts.push(start);
    pieces.ends.push(end);
    start = end;
  }
  return pieces;
}
