/** The tokens of a text that was read in parts, each taken from the part that shows most around it. */

import type { Encoding } from "./encoding.ts";
import { strideOf, tokensOf } from "./longTexts.ts";
import { type TokenizedText, tokenizedText } from "./words.ts";

/** A whole text's tokens, and where each is taken from. */
export interface Stitched {
  readonly tokenized: TokenizedText;
  /** For each token its part and its place there. */
  readonly found: readonly (readonly [part: number, token: number])[];
}

/** The tokens of a whole text; special tokens only where it has one part.
 *  @param windows parts in the text's order, which share `strideOf` tokens. */
export function stitchedTokens(text: string, windows: readonly Encoding[]): Stitched {
  const parts = windows.map((window) => tokenizedText(text, window));
  const [only] = parts;
  if (parts.length === 1 && only) {
    return { tokenized: only, found: only.offsets.map((_, token) => [0, token] as const) };
  }
  const found = windows.flatMap((_, part) =>
    taken(windows, part).map((token) => [part, token] as const),
  );
  const offsets = found.map(([part, token]) => parts[part]!.offsets[token]!);
  const wordIds = found.map(([part, token]) => parts[part]!.wordIds[token]!);
  return { tokenized: { text, offsets, wordIds }, found };
}

/** What is taken of a part: its tokens without the outer halves of what it shares with its
 *  neighbours. A token has more around it in the part that it stands further inside of. */
function taken(windows: readonly Encoding[], part: number): number[] {
  const shared = strideOf(Math.max(...windows.map(tokensOf)));
  const { specialTokens } = windows[part]!;
  const inside = specialTokens.flatMap((special, token) => (special ? [] : [token]));
  const begin = part === 0 ? 0 : Math.floor(shared / 2);
  const end = part === windows.length - 1 ? 0 : shared - Math.floor(shared / 2);
  return inside.slice(begin, Math.max(begin, inside.length - end));
}
