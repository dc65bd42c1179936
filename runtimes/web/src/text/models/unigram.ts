/** The likeliest pieces of a word, by the logarithms of their probabilities. */

import { countOf, damaged, flagOf, type Json, listOf, numberOf, stringOf } from "../json.ts";
import { sizeAt } from "../normalizing/aligned.ts";
import { byteTokens } from "./byteFallback.ts";
import type { Model, Pieces } from "./model.ts";

/** What a character costs that no piece holds, beside the rarest piece. */
const UNKNOWN_PENALTY = 10;

interface Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly scores: readonly number[];
  /** By the first two units of pieces, how long those are at most. */
  readonly longest: ReadonlyMap<string, number>;
  readonly unknown: number | null;
  readonly unknownScore: number;
}

export function unigram(options: Json): Model {
  const vocabulary = vocabularyOf(options);
  const fallsBack = flagOf(options["byte_fallback"], "byte_fallback", false);
  const { ids, unknown } = vocabulary;
  const tokenize = (word: string): Pieces => {
    const written: Written[] = [];
    let start = 0;
    for (const end of fused(likeliest(word, vocabulary), unknown)) {
      const token = word.slice(start, end);
      const id = ids.get(token);
      const bytes = id === undefined && fallsBack ? byteTokens(token, ids) : null;
      for (const piece of bytes ?? [{ id: id ?? required(unknown), token }]) {
        written.push({ ...piece, start, end });
      }
      start = end;
    }
    return columns(written);
  };
  return { vocabulary: ids, tokenize };
}

interface Written {
  readonly id: number;
  readonly token: string;
  readonly start: number;
  readonly end: number;
}

function columns(pieces: readonly Written[]): Pieces {
  return {
    ids: pieces.map(({ id }) => id),
    tokens: pieces.map(({ token }) => token),
    starts: pieces.map(({ start }) => start),
    ends: pieces.map(({ end }) => end),
  };
}

/** A piece on the likeliest way to where it ends. */
interface Step {
  readonly start: number;
  readonly end: number;
  readonly id: number;
  readonly score: number;
}

/** The pieces of the likeliest way through a word. */
function likeliest(word: string, vocabulary: Vocabulary): Step[] {
  const best: (Step | undefined)[] = [];
  const reach = (start: number, end: number, id: number, score: number): void => {
    const whole = score + (best[start]?.score ?? 0);
    const before = best[end];
    if (!before || whole > before.score) best[end] = { start, end, id, score: whole };
  };
  for (let start = 0; start < word.length; ) {
    const next = start + sizeAt(word, start);
    const last = Math.min(word.length, start + longestAt(word, start, next, vocabulary));
    let single = false;
    for (let end = next; end <= last; end += 1) {
      const id = vocabulary.ids.get(word.slice(start, end));
      if (id === undefined) continue;
      reach(start, end, id, vocabulary.scores[id]!);
      if (end === next) single = true;
    }
    if (!single) reach(start, next, required(vocabulary.unknown), vocabulary.unknownScore);
    start = next;
  }
  const way: Step[] = [];
  for (let end = word.length; end > 0; end = way.at(-1)!.start) way.push(best[end]!);
  return way.reverse();
}

/** How long a piece is at most that begins there. */
function longestAt(word: string, start: number, next: number, { longest }: Vocabulary): number {
  return longest.get(word.slice(start, start + 2)) ?? longest.get(word.slice(start, next)) ?? 0;
}

/** Where pieces end, neighbours that are unknown being one. */
function fused(way: readonly Step[], unknown: number | null): number[] {
  return way
    .filter(({ id }, i) => !(id === unknown && way[i + 1]?.id === unknown))
    .map(({ end }) => end);
}

function required(unknown: number | null): number {
  if (unknown === null) throw damaged("it has no unk_id, though a text holds what is unknown");
  return unknown;
}

function vocabularyOf(options: Json): Vocabulary {
  const ids = new Map<string, number>();
  const longest = new Map<string, number>();
  const scores: number[] = [];
  for (const entry of listOf(options["vocab"], "vocab")) {
    const [piece, score] = listOf(entry, "a piece of vocab");
    const text = stringOf(piece, "a piece of vocab");
    ids.set(text, scores.length);
    scores.push(asRead(numberOf(score, "a score of vocab")));
    const beginning = text.slice(0, 2);
    longest.set(beginning, Math.max(longest.get(beginning) ?? 0, text.length));
  }
  const unknown = options["unk_id"] ?? null;
  const lowest = scores.reduce((low, score) => Math.min(low, score), 0);
  return {
    ids,
    scores,
    longest,
    unknown: unknown === null ? null : countOf(unknown, "unk_id"),
    unknownScore: lowest - UNKNOWN_PENALTY,
  };
}

/** A number as Hugging Face's tokenizers reads its digits: all of them as a whole number, then
 *  divided. Where there are more than 15 that may be the neighbour of the nearest number, and ties
 *  between two ways to cut a word are broken by it. */
function asRead(score: number): number {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)\.?(\d*)(?:e([+-]\d+))?$/.exec(String(score))!;
  const power = Number(exponent) - fraction.length;
  const digits = Number(`${whole}${fraction}`);
  const read = power < 0 ? digits / Number(`1e${-power}`) : digits * Number(`1e${power}`);
  return sign ? -read : read;
}
