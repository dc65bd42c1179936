/** What a tokenizer makes of characters before it looks for words. */

import { damaged, flagOf, type Json, listOf, partOf, stringOf, unsupported } from "../json.ts";
import { byteCharacters } from "../splitting/byteLevel.ts";
import { patternOf } from "../splitting/patterns.ts";
import { type Aligned, mapped, prepended, replaced, sliced, transformed } from "./aligned.ts";
import { bertNormalizer, lowered, without } from "./bert.ts";
import { charsmap } from "./charsmap.ts";
import { type Form, inForm } from "./forms.ts";
import { blanksAfter, blanksBefore, MARKS } from "./unicode.ts";

export type Normalize = (piece: Aligned) => Aligned;

const MARK = new RegExp(`[${MARKS}]`, "u");
const NMT_REMOVED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/;
const NMT_BLANK = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

/** The normalizer of a tokenizer's file.
 *  @throws BundleError it holds one that this client does not have. */
export function normalizerOf(value: unknown): Normalize {
  const part = partOf(value, "the normalizer");
  if (part === null) return (piece) => piece;
  switch (part.type) {
    case "Sequence":
      return inSequence(listOf(part["normalizers"], "normalizers").map(normalizerOf));
    case "BertNormalizer":
      return bertNormalizer(part);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (piece) => inForm(piece, part.type as Form);
    case "Lowercase":
      return lowered;
    case "StripAccents":
      return (piece) => without(piece, MARK);
    case "Strip":
      return strip(part);
    case "Replace":
      return replace(part);
    case "Prepend":
      return prepend(stringOf(part["prepend"], "prepend"));
    case "Precompiled":
      return charsmap(stringOf(part["precompiled_charsmap"], "precompiled_charsmap"));
    case "Nmt":
      return nmt;
    case "ByteLevel":
      return (piece) => transformed(piece, byteCharacters(piece.text));
    default:
      throw unsupported(`the normalizer ${part.type}`);
  }
}

function inSequence(normalizers: readonly Normalize[]): Normalize {
  return (piece) => normalizers.reduce((read, normalize) => normalize(read), piece);
}

function strip(options: Json): Normalize {
  const left = flagOf(options["strip_left"], "strip_left", true);
  const right = flagOf(options["strip_right"], "strip_right", true);
  return (piece) => {
    const { text } = piece;
    const from = left ? blanksAfter(text, 0) : 0;
    return sliced(piece, from, right ? Math.max(from, blanksBefore(text, text.length)) : text.length);
  };
}

function replace(options: Json): Normalize {
  const pattern = patternOf(options["pattern"]);
  const content = stringOf(options["content"], "content");
  return (piece) => replaced(piece, pattern, content);
}

function prepend(content: string): Normalize {
  if (content === "") throw damaged("prepend is empty");
  return (piece) => prepended(piece, content);
}

function nmt(piece: Aligned): Aligned {
  return mapped(without(piece, NMT_REMOVED), (character) =>
    NMT_BLANK.test(character) ? " " : character,
  );
}
