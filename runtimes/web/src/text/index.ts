/** Texts as a tokenizer reads them: whole, cut, in parts, word by word. */

export { checkQuestion, checkSides, checkText, noRoom, refusalOfIds, refusalOfSides, roomBeside, tokensBeyond } from "./checks";
export type { Direction, Encoding, Span, Strategy, Text, Tokenizer } from "./encoding";
export { LONG_TEXTS, strideOf, tokensOf, type LongText } from "./longTexts";
export { documentPrompt, queryPrompt, type Prompted } from "./prompts";
export { stitchedTokens, type Stitched } from "./stitching";
export { openTokenizer } from "./tokenizer";
export { singleTokens, splitWords, tokenizedText, tokenSpan, wholeWords, type TokenizedText, type Word } from "./words";
