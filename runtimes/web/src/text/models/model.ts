/** How a tokenizer cuts a word into the pieces of its vocabulary. */

import { partOf, damaged, unsupported } from "../json.ts";
import { bytePairs } from "./bytePairs.ts";
import { unigram } from "./unigram.ts";
import { wordLevel } from "./wordLevel.ts";
import { wordPiece } from "./wordPiece.ts";

/** The pieces of a word, in arrays of one length. */
export interface Pieces {
  readonly ids: readonly number[];
  /** As the vocabulary writes each, or as the text has what the vocabulary does not know. */
  readonly tokens: readonly string[];
  /** UTF-16 units [start, end) of the word. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface Model {
  readonly vocabulary: ReadonlyMap<string, number>;
  /** The pieces of a word that is not empty. */
  tokenize(word: string): Pieces;
}

/** Words whose pieces are kept. */
const KEPT_WORDS = 20_000;
const KEPT_LENGTH = 64;

/** The model of a tokenizer's file; it keeps the pieces of words that it has met.
 *  @throws BundleError it is one that this client does not have. */
export function modelOf(value: unknown): Model {
  const model = opened(value);
  const known = new Map<string, Pieces>();
  const tokenize = (word: string): Pieces => {
    const kept = known.get(word);
    if (kept) return kept;
    const pieces = model.tokenize(word);
    if (known.size >= KEPT_WORDS) known.clear();
    if (word.length <= KEPT_LENGTH) known.set(word, pieces);
    return pieces;
  };
  return { vocabulary: model.vocabulary, tokenize };
}

function opened(value: unknown): Model {
  const part = partOf(value, "the model");
  if (part === null) throw damaged("it has no model");
  switch (part.type) {
    case "WordPiece":
      return wordPiece(part);
    case "BPE":
      return bytePairs(part);
    case "Unigram":
      return unigram(part);
    case "WordLevel":
      return wordLevel(part);
    default:
      throw unsupported(`the model ${part.type}`);
  }
}
