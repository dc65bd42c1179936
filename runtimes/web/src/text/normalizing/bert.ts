/** BERT's normalizer: cleaning, ideographs as words, accents left out, lower case. */

import { flagOf, type Json } from "../json.ts";
import { type Aligned, mapped } from "./aligned.ts";
import { inForm } from "./forms.ts";
import { CHINESE, MARKS_OF_BERT, REMOVED, WHITE_SPACE } from "./unicode.ts";

const PRINTED = /^[ -~]*$/;
const REMOVED_ONE = new RegExp(`[${REMOVED}]`, "u");
const BLANK = new RegExp(`${WHITE_SPACE}`, "u");
const UNCLEAN = new RegExp(`[${REMOVED}]|(?! )${WHITE_SPACE}`, "u");
const CHINESE_ONE = new RegExp(`[${CHINESE}]`, "u");
const ACCENT = new RegExp(`[${MARKS_OF_BERT}]`, "u");

/** What the normalizer of that name does with a piece. */
export function bertNormalizer(options: Json): (piece: Aligned) => Aligned {
  const flag = (name: string, missing: boolean) =>
    flagOf(options[name], `${name} of BertNormalizer`, missing);
  const lowercase = flag("lowercase", true);
  const cleans = flag("clean_text", true);
  const parts = flag("handle_chinese_chars", true);
  const strips = flag("strip_accents", lowercase);
  return (piece) => {
    let read = piece;
    if (!PRINTED.test(read.text)) {
      if (cleans) read = cleaned(read);
      if (parts) read = ideographsApart(read);
      if (strips) read = withoutAccents(read);
    }
    return lowercase ? lowered(read) : read;
  };
}

/** A piece in lower case, character by character. */
export function lowered(piece: Aligned): Aligned {
  const text = piece.text.toLowerCase();
  if (text === piece.text) return piece;
  if (PRINTED.test(piece.text)) return { ...piece, text };
  return mapped(piece, (character) => character.toLowerCase());
}

/** A piece without the characters that a pattern finds. */
export function without(piece: Aligned, pattern: RegExp): Aligned {
  if (!pattern.test(piece.text)) return piece;
  return mapped(piece, (character) => (pattern.test(character) ? "" : character));
}

function cleaned(piece: Aligned): Aligned {
  if (!UNCLEAN.test(piece.text)) return piece;
  return mapped(piece, (character) => {
    if (REMOVED_ONE.test(character)) return "";
    return BLANK.test(character) ? " " : character;
  });
}

function ideographsApart(piece: Aligned): Aligned {
  if (!CHINESE_ONE.test(piece.text)) return piece;
  return mapped(piece, (character) =>
    CHINESE_ONE.test(character) ? ` ${character} ` : character,
  );
}

function withoutAccents(piece: Aligned): Aligned {
  return without(inForm(piece, "NFD"), ACCENT);
}
