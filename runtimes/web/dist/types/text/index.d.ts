/** Texts as a tokenizer reads them: whole, cut, in parts, word by word. */
export { checkQuestion, checkSides, checkText, noRoom, refusalOfIds, refusalOfSides, roomBeside, tokensBeyond } from "./checks.js";
export type { Direction, Encoding, Span, Strategy, Text, Tokenizer } from "./encoding.js";
export { LONG_TEXTS, strideOf, tokensOf, type LongText } from "./longTexts.js";
export { documentPrompt, queryPrompt, type Prompted } from "./prompts.js";
export { stitchedTokens, type Stitched } from "./stitching.js";
export { openTokenizer } from "./tokenizer.js";
export { singleTokens, splitWords, tokenizedText, tokenSpan, wholeWords, type TokenizedText, type Word } from "./words.js";
