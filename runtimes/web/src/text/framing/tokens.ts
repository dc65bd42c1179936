/** Tokens of one side of a text, without special ones. */

import type { Encoding, Span } from "../encoding.ts";

/** A side and its tokens, in arrays of one length. */
export interface Tokens {
  readonly text: string;
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  readonly offsets: readonly Span[];
  readonly words: readonly number[];
}

/** Tokens [from, to). */
export function someOf(tokens: Tokens, from: number, to: number): Tokens {
  if (from === 0 && to === tokens.ids.length) return tokens;
  return {
    text: tokens.text,
    ids: tokens.ids.slice(from, to),
    tokens: tokens.tokens.slice(from, to),
    offsets: tokens.offsets.slice(from, to),
    words: tokens.words.slice(from, to),
  };
}

/** Tokens in a row, on their way to an encoding. */
export interface Row extends Omit<Encoding, "overflowing"> {
  readonly ids: number[];
  readonly typeIds: number[];
  readonly tokens: string[];
  readonly offsets: Span[];
  readonly specialTokens: boolean[];
  readonly wordIds: (number | null)[];
  readonly sequenceIds: (number | null)[];
}

export function emptyRow(): Row {
  return {
    ids: [],
    typeIds: [],
    tokens: [],
    offsets: [],
    specialTokens: [],
    wordIds: [],
    sequenceIds: [],
  };
}

/** Puts the tokens of a side behind a row. */
export function putSide(row: Row, tokens: Tokens, side: number, typeId: number): void {
  for (let i = 0; i < tokens.ids.length; i += 1) {
    row.ids.push(tokens.ids[i]!);
    row.typeIds.push(typeId);
    row.tokens.push(tokens.tokens[i]!);
    row.offsets.push(tokens.offsets[i]!);
    row.specialTokens.push(false);
    row.wordIds.push(tokens.words[i]!);
    row.sequenceIds.push(side);
  }
}

/** Puts a special token behind a row. */
export function putSpecial(row: Row, id: number, token: string, typeId: number): void {
  row.ids.push(id);
  row.typeIds.push(typeId);
  row.tokens.push(token);
  row.offsets.push([0, 0]);
  row.specialTokens.push(true);
  row.wordIds.push(null);
  row.sequenceIds.push(null);
}
