/** Texts that are longer than what a model reads at a time. */

import type { Encoding } from "./encoding.ts";

/** What is done with a long text: its beginning is read, or all of it in parts. */
export const LONG_TEXTS = ["truncate", "mean"] as const;
export type LongText = (typeof LONG_TEXTS)[number];

/** Tokens that neighbouring parts share, as SQuAD's readers have it. */
const STRIDE = 128;

/** Tokens that neighbouring parts share where each has room for so many: half of the room at most,
 *  so that parts move on. */
export function strideOf(room: number): number {
  let stride = STRIDE;
  while (stride > Math.floor(room / 2)) stride = Math.floor(stride / 2);
  return stride;
}

/** Tokens of a text in a part of it, special ones aside. */
export function tokensOf(part: Encoding): number {
  return part.specialTokens.reduce((sum, special) => sum + (special ? 0 : 1), 0);
}

/** Why a pair is refused that cannot be read in parts. */
export function bothTooLong(maxLength: number): string {
  return (
    `both of its sides fill the ${maxLength} tokens that are read at a time; ` +
    'longText: "mean" reads one side in parts beside all of the other'
  );
}
