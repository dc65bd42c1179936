/** What becomes of that at which a text is split. */

import { type Aligned, sliced } from "../normalizing/aligned.ts";

export const BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;
export type Behavior = (typeof BEHAVIORS)[number];

interface Part {
  readonly from: number;
  to: number;
  readonly matches: boolean;
}

/** A piece, split at what a pattern finds.
 *  @param pattern with the flag `g`.
 *  @param inverted whether what it finds is kept, and the piece split at the rest. */
export function split(
  piece: Aligned,
  pattern: RegExp,
  behavior: Behavior,
  inverted = false,
): Aligned[] {
  const parts = partsOf(piece.text, pattern, inverted);
  return merged(parts, behavior)
    .filter(({ from, to }) => from < to)
    .map(({ from, to }) => sliced(piece, from, to));
}

function partsOf(text: string, pattern: RegExp, inverted: boolean): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const from = match.index;
    const to = from + match[0].length;
    if (end < from) parts.push({ from: end, to: from, matches: inverted });
    parts.push({ from, to, matches: !inverted });
    end = to;
  }
  if (end < text.length) parts.push({ from: end, to: text.length, matches: inverted });
  return parts;
}

function merged(parts: readonly Part[], behavior: Behavior): Part[] {
  if (behavior === "Removed") return parts.filter((part) => !part.matches);
  if (behavior === "Isolated") return [...parts];
  const found: Part[] = [];
  const backwards = behavior === "MergedWithNext";
  let before = false;
  for (const part of backwards ? [...parts].reverse() : parts) {
    const last = found.at(-1);
    const joins =
      behavior === "Contiguous" ? part.matches === before : part.matches && !before;
    if (last && joins && backwards) found[found.length - 1] = { ...last, from: part.from };
    else if (last && joins) last.to = part.to;
    else found.push({ ...part });
    before = part.matches;
  }
  return backwards ? found.reverse() : found;
}
