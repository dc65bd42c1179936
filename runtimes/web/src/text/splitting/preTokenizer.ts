/** How a tokenizer cuts a text into words. */

import { choiceOf, damaged, flagOf, type Json, listOf, partOf, stringOf, unsupported } from "../json.ts";
import { type Aligned, prepended, replaced, transformed } from "../normalizing/aligned.ts";
import { PUNCTUATION, WHITE_SPACE, WORD } from "../normalizing/unicode.ts";
import { type Behavior, BEHAVIORS, split } from "./behaviors.ts";
import { byteCharacters } from "./byteLevel.ts";
import { escaped, patternOf } from "./patterns.ts";

/** Gives the parts of a piece, none of them empty. */
export type PreTokenize = (piece: Aligned) => Aligned[];

const BLANK = new RegExp(WHITE_SPACE, "gu");
const PUNCTUATION_MARK = new RegExp(`[${PUNCTUATION}]`, "gu");
const BERT_WORD = new RegExp(`[${PUNCTUATION}]|[^${PUNCTUATION}${WHITE_SPACE}]+`, "gu");
const WORD_OR_MARKS = new RegExp(`[${WORD}]+|[^${WORD}${WHITE_SPACE}]+`, "gu");
const DIGIT = /\p{N}/gu;

/** As GPT-2 cuts: contractions; letters, numbers or other marks behind a blank; blanks. */
const BYTE_LEVEL = patternOf({
  Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
});

/** The pre-tokenizer of a tokenizer's file.
 *  @throws BundleError it holds one that this client does not have. */
export function preTokenizerOf(value: unknown): PreTokenize {
  const part = partOf(value, "the pre-tokenizer");
  if (part === null) return (piece) => [piece];
  switch (part.type) {
    case "Sequence":
      return inSequence(listOf(part["pretokenizers"], "pretokenizers").map(preTokenizerOf));
    case "BertPreTokenizer":
      return (piece) => split(piece, BERT_WORD, "Removed", true);
    case "Whitespace":
      return (piece) => split(piece, WORD_OR_MARKS, "Removed", true);
    case "WhitespaceSplit":
      return (piece) => split(piece, BLANK, "Removed");
    case "Punctuation":
      return punctuation(part);
    case "Digits":
      return digits(part);
    case "CharDelimiterSplit":
      return delimiter(part);
    case "Split":
      return splitAt(part);
    case "Metaspace":
      return metaspace(part);
    case "ByteLevel":
      return byteLevel(part);
    default:
      throw unsupported(`the pre-tokenizer ${part.type}`);
  }
}

function inSequence(preTokenizers: readonly PreTokenize[]): PreTokenize {
  return (piece) =>
    preTokenizers.reduce<Aligned[]>((pieces, preTokenize) => pieces.flatMap(preTokenize), [piece]);
}

function behaviorOf(options: Json): Behavior {
  return choiceOf(options["behavior"], "the behavior", BEHAVIORS, "Isolated");
}

function punctuation(options: Json): PreTokenize {
  const behavior = behaviorOf(options);
  return (piece) => split(piece, PUNCTUATION_MARK, behavior);
}

function digits(options: Json): PreTokenize {
  const behavior = flagOf(options["individual_digits"], "individual_digits", false)
    ? "Isolated"
    : "Contiguous";
  return (piece) => split(piece, DIGIT, behavior);
}

function delimiter(options: Json): PreTokenize {
  const pattern = new RegExp(escaped(stringOf(options["delimiter"], "delimiter")), "gu");
  return (piece) => split(piece, pattern, "Removed");
}

function splitAt(options: Json): PreTokenize {
  const pattern = patternOf(options["pattern"]);
  const behavior = behaviorOf(options);
  const inverted = flagOf(options["invert"], "invert", false);
  return (piece) => split(piece, pattern, behavior, inverted);
}

function metaspace(options: Json): PreTokenize {
  const blank = stringOf(options["replacement"], "replacement");
  if ([...blank].length !== 1) throw damaged("replacement is not one character");
  const scheme = prependScheme(options);
  const splits = flagOf(options["split"], "split", true);
  const pattern = new RegExp(escaped(blank), "gu");
  return (piece) => {
    let read = piece.text.includes(" ") ? replaced(piece, / /g, blank) : piece;
    const first = scheme === "always" || (scheme === "first" && piece.starts[piece.from] === 0);
    if (first && !read.text.startsWith(blank)) read = prepended(read, blank);
    return splits ? split(read, pattern, "MergedWithNext") : [read];
  };
}

/** Where a blank is put before a text: older files say it with a flag. */
export function prependScheme(options: Json): "always" | "first" | "never" {
  const always = flagOf(options["add_prefix_space"], "add_prefix_space", true);
  const schemes = ["always", "first", "never"] as const;
  return choiceOf(options["prepend_scheme"], "prepend_scheme", schemes, always ? "always" : "never");
}

function byteLevel(options: Json): PreTokenize {
  const prefixed = flagOf(options["add_prefix_space"], "add_prefix_space", true);
  const splits = flagOf(options["use_regex"], "use_regex", true);
  return (piece) => {
    const read = prefixed && !piece.text.startsWith(" ") ? prepended(piece, " ") : piece;
    const words = splits ? split(read, BYTE_LEVEL, "Isolated") : [read];
    return words.map((word) => transformed(word, byteCharacters(word.text)));
  };
}
