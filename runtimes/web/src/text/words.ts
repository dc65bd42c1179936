/** Which characters a token stands for, and which tokens make a word. */

import type { Encoding, Span } from "./encoding.ts";

/** A blank as SentencePiece and byte-level vocabularies write it. */
const BLANK_PIECE = /^[▁Ġ]*$/;

/** What Python calls a space, and blanks of no width. */
const BLANK = /[\s\x1c-\x1f\x85\u200b\ufeff]/;

/** What belongs to the character before it. */
const MARK = /[\p{M}\p{Cf}]/u;

const LETTER = /[\p{L}\p{N}\p{M}\p{Cf}]/u;

/** Scripts that are written without spaces between words. */
const UNSPACED = new RegExp(
  "[\\u0e00-\\u0eff" + // Thai, Lao
    "\\u0f00-\\u0fff" + // Tibetan
    "\\u1000-\\u109f\\ua9e0-\\ua9ff\\uaa60-\\uaa7f" + // Burmese
    "\\u1780-\\u17ff\\u19e0-\\u19ff" + // Khmer
    "\\u1950-\\u19df\\u1a20-\\u1aaf\\uaa80-\\uaadf" + // Tai
    "\\u1b00-\\u1b7f\\ua980-\\ua9df" + // Balinese, Javanese
    "\\u2e80-\\u2fdf\\u3005-\\u3007\\u3021-\\u3029\\u3031-\\u303c" + // radicals, repetition
    "\\u3041-\\u30ff\\u3100-\\u312f\\u31a0-\\u31bf\\u31f0-\\u31ff\\uff66-\\uff9f" + // kana, Bopomofo
    "\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf\\uf900-\\ufaff" + // ideographs, Yi
    "\\u{16fe0}-\\u{18d8f}\\u{1aff0}-\\u{1b2ff}\\u{20000}-\\u{3ffff}]",
  "u",
);

/** A text as the tokenizer sees it. */
export interface TokenizedText {
  readonly text: string;
  /** Each token's characters, without blanks around them; of a token that is nothing but a blank,
   *  and of a special token, start is end. */
  readonly offsets: readonly Span[];
  /** Each token's word, null for special tokens. */
  readonly wordIds: readonly (number | null)[];
}

/** Tokens that are labelled together, and their characters. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** Places among the tokens, at least one. */
  readonly tokens: readonly number[];
}

export function tokenizedText(text: string, encoding: Encoding): TokenizedText {
  const { tokens, wordIds } = encoding;
  const offsets = encoding.offsets.map((span, i) => tokenSpan(text, span, tokens[i]!));
  return { text, offsets, wordIds };
}

/** The characters of a token, without the blanks that many tokenizers count among them; of a token
 *  that is nothing but a blank, start and end are its start. A blank that the tokenizer put before
 *  the text has no character of its own, though its offsets name the first one.
 *  @param piece the token as its vocabulary writes it. */
export function tokenSpan(text: string, span: Span, piece: string): Span {
  let [first, last] = span;
  const start = first;
  if (BLANK_PIECE.test(piece)) return [start, start];
  while (first < last && BLANK.test(text[first]!)) first += 1;
  while (last > first && BLANK.test(text[last - 1]!)) last -= 1;
  return first < last ? [first, last] : [start, start];
}

/** Each token by itself; those without characters are left out. */
export function singleTokens(tokenized: TokenizedText): Word[] {
  return standing(tokenized).map((token) => wordOf(tokenized, [token]));
}

/** The words of the tokenizer: of some all that stands between two spaces. */
export function wholeWords(tokenized: TokenizedText): Word[] {
  const words = new Map<number, number[]>();
  for (const token of standing(tokenized)) {
    const word = tokenized.wordIds[token]!;
    const tokens = words.get(word);
    if (tokens) tokens.push(token);
    else words.set(word, [token]);
  }
  return [...words.values()].map((tokens) => wordOf(tokenized, tokens));
}

/** The words of the tokenizer, cut where a token begins after a word has ended: at a blank, before
 *  and behind punctuation, and with each token of a script that is written without spaces. So words
 *  are alike for tokenizers that look for all of this and for those that only look for spaces. */
export function splitWords(tokenized: TokenizedText): Word[] {
  return wholeWords(tokenized).flatMap((word) =>
    cut(tokenized, word.tokens).map((tokens) => wordOf(tokenized, tokens)),
  );
}

/** All tokens of words that stand for characters. */
function standing({ offsets, wordIds }: TokenizedText): number[] {
  return offsets.flatMap(([start, end], i) => (wordIds[i] !== null && start < end ? [i] : []));
}

function wordOf({ offsets }: TokenizedText, tokens: readonly number[]): Word {
  return { start: offsets[tokens[0]!]![0], end: offsets[tokens.at(-1)!]![1], tokens };
}

function cut({ text, offsets }: TokenizedText, tokens: readonly number[]): number[][] {
  const parts: number[][] = [];
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    const apart = before === undefined || isCut(text, offsets[before]![1], offsets[token]![0]);
    if (apart) parts.push([token]);
    else parts.at(-1)!.push(token);
  });
  return parts;
}

/** Whether a word ends at `end`, where the token that begins at `start` follows. */
function isCut(text: string, end: number, start: number): boolean {
  if (start < end) return false; // bytes of one character, or of one that stands for several
  if (BLANK.test(text.slice(end, start))) return true;
  const next = String.fromCodePoint(text.codePointAt(start)!);
  if (MARK.test(next)) return false;
  return !(joins(characterBefore(text, end)) && joins(next));
}

/** Whether it makes a word with its neighbours, in a script that has spaces between words. */
function joins(character: string): boolean {
  return !UNSPACED.test(character) && LETTER.test(character);
}

function characterBefore(text: string, end: number): string {
  const pair = text.codePointAt(end - 2) ?? 0;
  return pair > 0xffff && end > 1 ? text.slice(end - 2, end) : text.slice(end - 1, end);
}
