/** Tokens that a tokenizer looks for in a text before anything else. */

import { countOf, flagOf, listOf, objectOf, stringOf } from "../json.ts";
import { type Aligned, aligned, sliced } from "../normalizing/aligned.ts";
import type { Normalize } from "../normalizing/normalizer.ts";
import { blanksAfter, blanksBefore, WORD } from "../normalizing/unicode.ts";
import { escaped } from "./patterns.ts";

/** A token that was added to a vocabulary. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Whether it is looked for behind the normalizer. */
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A piece of text, or the added token that it is. */
export interface Found {
  readonly piece: Aligned;
  readonly token: AddedToken | null;
}

const WORD_BEFORE = new RegExp(`[${WORD}]$`, "u");
const WORD_BEHIND = new RegExp(`^[${WORD}]`, "u");

/** The added tokens of a tokenizer's file. One that the model knows has the model's id;
 *  special ones come first.
 *  @param vocabulary of the model. */
export function addedTokensOf(value: unknown, vocabulary: ReadonlyMap<string, number>): AddedToken[] {
  const found: AddedToken[] = [];
  for (const entry of listOf(value ?? [], "added_tokens")) {
    const token = objectOf(entry, "an added token");
    const content = stringOf(token["content"], "content of an added token");
    const flag = (name: string, missing: boolean) => flagOf(token[name], name, missing);
    const special = flag("special", false);
    found.push({
      id: vocabulary.get(content) ?? countOf(token["id"], "id of an added token"),
      content,
      singleWord: flag("single_word", false),
      lstrip: flag("lstrip", false),
      rstrip: flag("rstrip", false),
      normalized: flag("normalized", !special),
      special,
    });
  }
  return found.filter(({ content }) => content !== "").sort((a, b) => +b.special - +a.special);
}

/** Cuts a text at added tokens: those found in it as it is, then those found behind the
 *  normalizer. No piece is empty. */
export function cutAtAddedTokens(
  tokens: readonly AddedToken[],
  normalize: Normalize,
): (text: string) => Found[] {
  const asWritten = finder(tokens.filter((token) => !token.normalized), (content) => content);
  const behind = finder(tokens.filter((token) => token.normalized), (content) =>
    normalize(aligned(content)).text,
  );
  return (text) =>
    asWritten(aligned(text)).flatMap((found) =>
      found.token ? [found] : behind(normalize(found.piece)),
    );
}

function finder(
  tokens: readonly AddedToken[],
  written: (content: string) => string,
): (piece: Aligned) => Found[] {
  const byText = new Map<string, AddedToken>();
  for (const token of tokens) {
    const text = written(token.content);
    if (text !== "" && !byText.has(text)) byText.set(text, token);
  }
  const texts = [...byText.keys()].sort((a, b) => b.length - a.length);
  const pattern = texts.length > 0 ? new RegExp(texts.map(escaped).join("|"), "gu") : null;
  return (piece) => {
    if (piece.text === "") return [];
    return pattern ? cut(piece, pattern, byText) : [{ piece, token: null }];
  };
}

function cut(piece: Aligned, pattern: RegExp, byText: ReadonlyMap<string, AddedToken>): Found[] {
  const { text } = piece;
  const found: Found[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const token = byText.get(match[0])!;
    let from = match.index;
    let to = from + match[0].length;
    if (token.singleWord && isInWord(text, from, to)) continue;
    if (token.lstrip) from = Math.max(blanksBefore(text, from), end);
    if (token.rstrip) to = blanksAfter(text, to);
    if (end < from) found.push({ piece: sliced(piece, end, from), token: null });
    found.push({ piece: sliced(piece, from, to), token });
    end = to;
  }
  if (end < text.length) found.push({ piece: sliced(piece, end, text.length), token: null });
  return found;
}

function isInWord(text: string, from: number, to: number): boolean {
  return WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) || WORD_BEHIND.test(text.slice(to, to + 2));
}
