/** Where texts are cut that are too long. */

import type { Direction, Strategy } from "../encoding.ts";
import { InputError } from "../../errors.ts";
import { choiceOf, countOf, objectOf } from "../json.ts";
import { someOf, type Tokens } from "./tokens.ts";

/** How a tokenizer cuts. */
export interface Truncation {
  /** Most tokens, special ones with them; null for any number. */
  readonly maxLength: number | null;
  readonly strategy: Strategy;
  readonly direction: Direction;
  /** Tokens that neighbouring parts share. */
  readonly stride: number;
}

const STRATEGIES = { LongestFirst: "longest_first", OnlyFirst: "only_first", OnlySecond: "only_second" } as const;

/** The truncation of a tokenizer's file. */
export function truncationOf(value: unknown): Truncation {
  if (value === undefined || value === null) {
    return { maxLength: null, strategy: "longest_first", direction: "right", stride: 0 };
  }
  const said = objectOf(value, "truncation");
  const names = Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[];
  const strategy = choiceOf(said["strategy"], "the strategy", names, "LongestFirst");
  const sides = ["Right", "Left"] as const;
  return {
    maxLength: countOf(said["max_length"], "max_length"),
    strategy: STRATEGIES[strategy],
    direction: choiceOf(said["direction"], "the direction", sides, "Right") === "Left" ? "left" : "right",
    stride: countOf(said["stride"] ?? 0, "stride"),
  };
}

/** All of some tokens in parts of a length: laid from the beginning, or from the end where that is
 *  what is kept. The first one is what is read where only one is. */
export function partsOf(
  tokens: Tokens,
  length: number,
  { stride, direction }: Pick<Truncation, "stride" | "direction">,
): Tokens[] {
  const { length: all } = tokens.ids;
  if (length >= all) return [tokens];
  if (length === 0) return [someOf(tokens, 0, 0), tokens];
  if (stride >= length) {
    throw new InputError(`parts of ${length} tokens cannot share ${stride}: take a longer maxLength`);
  }
  const parts: Tokens[] = [];
  const step = length - stride;
  for (let skipped = 0; ; skipped += step) {
    const whole = skipped + length >= all;
    if (direction === "right") parts.push(someOf(tokens, skipped, Math.min(skipped + length, all)));
    else parts.push(someOf(tokens, Math.max(all - skipped - length, 0), all - skipped));
    if (whole) return parts;
  }
}

/** Tokens that are kept of each side of a pair.
 *  @param counts of both sides.
 *  @param room tokens that they may have together.
 *  @throws InputError the side that is cut is shorter than what must go. */
export function roomsOf(
  counts: readonly [number, number],
  room: number,
  truncation: Truncation,
): [number, number] {
  const { strategy } = truncation;
  const [first, second] = counts;
  if (first + second <= room) return [first, second];
  if (strategy === "longest_first") return longestFirst(first, second, room);
  if (room === 0) return [0, 0];
  const left = strategy === "only_second" ? room - first : room - second;
  if (left <= 0) throw nothingToCut(truncation);
  return strategy === "only_second" ? [first, left] : [left, second];
}

/** The longer side is cut to what the shorter leaves, or both to halves of the room. */
function longestFirst(first: number, second: number, room: number): [number, number] {
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  const rooms: [number, number] =
    2 * shorter <= room ? [shorter, room - shorter] : [half, room - half];
  return first > second ? [rooms[1], rooms[0]] : rooms;
}

/** An error: what may be cut is too short for that, or is not there. */
export function nothingToCut({ maxLength, strategy }: Truncation): InputError {
  return new InputError(
    strategy === "only_second"
      ? `a question is longer than the ${maxLength} tokens that are read, or stands without its context`
      : `a second text is longer than the ${maxLength} tokens that are read`,
  );
}
