/** Words for masks: the likeliest tokens, and the text with each of them filled in. */

import { InputError } from "../errors.ts";
import { checkText, type Encoding, type Tokenizer } from "../text/index.ts";
import { largest } from "../vectors/ranking.ts";
import { probabilities } from "./logits.ts";
import { rowOf, type Whole } from "./rows.ts";

/** A token for a mask. */
export interface Fill {
  /** As the tokenizer writes it by itself ("paris", "##ing", " Paris"). */
  readonly token: string;
  readonly id: number;
  /** Its probability, of all tokens of the vocabulary. */
  readonly score: number;
  /** The text with the token in the place of this mask; other masks still stand. */
  readonly text: string;
  /** Which of the text's masks, 0 for the first. */
  readonly mask: number;
}

/** Where the mask stands among the tokens. */
export function placesOf(ids: readonly number[], maskId: number | undefined): number[] {
  return ids.flatMap((id, place) => (id === maskId ? [place] : []));
}

/** A text with masks, none of them cut off.
 *  @throws InputError it is no text, has no mask, or one is cut off. */
export function checkMasks(
  item: unknown,
  place: number,
  tokenizer: Tokenizer,
  mask: string,
): string {
  const text = checkText(item, place, false) as string;
  const refused = refusalOfMasks(tokenizer.encode(text), tokenizer, mask);
  if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
  return text;
}

/** Why there is nothing to fill in, or not all of it is read; null where all masks are. */
function refusalOfMasks(encoding: Encoding, tokenizer: Tokenizer, mask: string): string | null {
  const maskId = tokenizer.tokenToId(mask);
  const isHere = ({ ids }: Encoding): boolean => placesOf(ids, maskId).length > 0;
  if (encoding.overflowing.some(isHere)) {
    const where = tokenizer.direction === "left" ? "before" : "behind";
    return `a ${mask} stands ${where} the ${encoding.ids.length} tokens that are read`;
  }
  return isHere(encoding) ? null : `has no ${mask} to fill in`;
}

/** The k likeliest tokens for each mask of a text, mask by mask, likeliest first. */
export function readFills(whole: Whole, tokenizer: Tokenizer, mask: string, k: number): Fill[] {
  const [encoding, rows] = [whole.parts[0]!, whole.rows[0]!];
  const places = placesOf(encoding.ids, tokenizer.tokenToId(mask));
  return places.flatMap((place, which) => {
    const logits = rowOf(rows, which);
    const scores = probabilities(logits);
    return largest(logits, k).map((id) => ({
      token: tokenizer.decode([id], { skipSpecialTokens: false }),
      id,
      score: scores[id]!,
      text: filled(whole.text as string, encoding, place, id, tokenizer),
      mask: which,
    }));
  });
}

/** The text with a token in the place of a mask, joined to the word before as its kind joins. The
 *  rest stays as it was written: decoding all tokens would lose case, spaces, and what was cut off. */
function filled(
  text: string,
  encoding: Encoding,
  place: number,
  token: number,
  tokenizer: Tokenizer,
): string {
  const [start, end] = encoding.offsets[place]!;
  const written = tokenizer.decode([token], { skipSpecialTokens: false });
  const mask = text.slice(start, end); // of some tokenizers with the space before it
  const before = text.slice(0, start) + mask.slice(0, mask.length - mask.trimStart().length);
  const after = text.slice(end);
  const glued = place > 0 ? gluedTo(encoding.ids[place - 1]!, token, tokenizer) : "";
  if (glued) return before.trimEnd() + glued + after;
  if (before && !/\s$/.test(before) && /^\s/.test(written)) return before + written + after;
  return before + written.trimStart() + after;
}

/** How a token is written on to the one before it; empty where a space would part them. */
function gluedTo(previous: number, token: number, tokenizer: Tokenizer): string {
  const alone = tokenizer.decode([previous]); // empty for special tokens
  const joined = tokenizer.decode([previous, token], { skipSpecialTokens: false });
  if (!alone || !joined.startsWith(alone)) return "";
  const rest = joined.slice(alone.length);
  return /^\s/.test(rest) ? "" : rest;
}
