/** What can be read at all, and what is said of the rest. */

import { InputError } from "../errors.ts";
import type { Text, Tokenizer } from "./encoding.ts";
import { bothTooLong } from "./longTexts.ts";

/** Half of a surrogate pair without the other half. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The text at a place of a list or a stream, or an error that says what it is instead.
 *  @param pairs whether a pair of texts is one too.
 *  @throws InputError it is neither text nor a pair, or is no Unicode: it holds a lone surrogate. */
export function checkText(text: unknown, place: number, pairs: boolean): Text {
  const isPair = pairs && Array.isArray(text) && text.length === 2;
  for (const side of isPair ? (text as readonly unknown[]) : [text]) checkSide(side, place);
  return text as Text;
}

function checkSide(side: unknown, place: number): void {
  if (typeof side !== "string") {
    throw new InputError(`text ${place}: expected string, not ${kindOf(side)}`);
  }
  if (LONE_SURROGATE.test(side)) {
    throw new InputError(`text ${place}: holds a lone surrogate, so it is not Unicode text`);
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? (value.constructor?.name ?? "object") : typeof value;
}

/** A text or a pair that can be read in parts of the tokenizer's length.
 *  @throws InputError it is neither, or both sides of a pair are too long. */
export function checkSides(text: unknown, place: number, tokenizer: Tokenizer): Text {
  const checked = checkText(text, place, true);
  const refused = typeof checked === "string" ? null : refusalOfSides(checked, tokenizer);
  if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
  return checked;
}

/** Why a pair cannot be read in parts; null where it can. */
export function refusalOfSides(
  pair: readonly [string, string],
  tokenizer: Tokenizer,
): string | null {
  const { maxLength } = tokenizer;
  if (maxLength === null) return null;
  const special = tokenizer.numSpecialTokens(true);
  const counts = pair.map((side) => tokensAlone(side, tokenizer)) as [number, number];
  if (counts[0] + counts[1] + special <= maxLength) return null;
  if (Math.min(...counts) + special < maxLength) return null;
  return bothTooLong(maxLength);
}

/** A question and its context.
 *  @throws InputError one of the two is not a text, or the question leaves no room for a context. */
export function checkQuestion(
  pair: unknown,
  place: number,
  tokenizer: Tokenizer,
): readonly [string, string] {
  const checked = checkText(pair, place, true);
  if (typeof checked === "string") {
    throw new InputError(`text ${place}: expected a question and its context, not one string`);
  }
  if (roomBeside(checked[0], tokenizer) === 0) {
    throw new InputError(`text ${place}: ${noRoom(tokenizer.maxLength ?? 0)}`);
  }
  return checked;
}

/** Why a question is refused that fills the model alone. */
export function noRoom(maxLength: number): string {
  return `its question leaves no room for a context in ${maxLength} tokens`;
}

/** Tokens that a question leaves for its context; Infinity where nothing is cut. */
export function roomBeside(question: string, tokenizer: Tokenizer): number {
  const { maxLength } = tokenizer;
  if (maxLength === null) return Infinity;
  const taken = tokenizer.numSpecialTokens(true) + tokensAlone(question, tokenizer);
  return Math.max(0, maxLength - taken);
}

/** Why a text of these tokens cannot be read; null where it can.
 *  @param rows embeddings that the model has. */
export function refusalOfIds(
  ids: readonly number[],
  rows: number,
  tokenizer: Tokenizer,
): string | null {
  const beyond = ids.find((id) => id >= rows);
  if (beyond === undefined) return null;
  const token = `'${tokenizer.idToToken(beyond)}'`;
  return `its token ${token} (${beyond}) has no embedding: the model has ${rows}`;
}

/** The tokens whose ids are beyond a table of so many embeddings, in the order of their ids. */
export function tokensBeyond(tokenizer: Tokenizer, rows: number): string[] {
  const beyond = [...tokenizer.vocabulary()].filter(([, id]) => id >= rows);
  return beyond.sort(([, a], [, b]) => a - b).map(([token]) => token);
}

function tokensAlone(text: string, tokenizer: Tokenizer): number {
  return tokenizer.count(text) - tokenizer.numSpecialTokens(false);
}
