/** What the graph says of a text: one row of numbers, or one for each token or mask. */

import type { Encoding, Text } from "../text/index.ts";

/** Rows of as many numbers each, one after the other. */
export interface Rows {
  readonly data: Float32Array;
  /** Numbers in a row. */
  readonly width: number;
}

/** A text, the parts it was read in, and what the graph says of each. */
export interface Whole {
  readonly text: Text;
  readonly parts: readonly Encoding[];
  readonly rows: readonly Rows[];
}

/** A row by its place. */
export function rowOf({ data, width }: Rows, place: number): Float32Array {
  return data.subarray(place * width, (place + 1) * width);
}

/** Place of the largest, of equals the first. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
