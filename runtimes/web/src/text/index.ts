/** Texts as a tokenizer reads them: whole, cut, in parts, word by word. */

export { checkQuestion, checkSides, checkText, noRoom, refusalOfIds, refusalOfSides, roomBeside, tokensBeyond } from "./checks.ts";
export type { Direction, Encoding, Span, Strategy, Text, Tokenizer } from "./encoding.ts";
export { LONG_TEXTS, strideOf, tokensOf, type LongText } from "./longTexts.ts";
export { documentPrompt, queryPrompt, type Prompted } from "./prompts.ts";
export { stitchedTokens, type Stitched } from "./stitching.ts";
export { openTokenizer } from "./tokenizer.ts";
export { singleTokens, splitWords, tokenizedText, tokenSpan, wholeWords, type TokenizedText, type Word } from "./words.ts";
