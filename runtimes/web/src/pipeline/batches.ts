/** Tokens to the inputs of a graph: micro-batches of similar length, padded. */

import type { Manifest } from "../records/manifest.ts";
import type { Encoding } from "../text/index.ts";

/** What a graph takes. */
export interface InputSpec {
  /** Names of its inputs. */
  readonly names: readonly string[];
  readonly dtype: "int64" | "int32";
  /** Batch and tokens, where it takes no other. */
  readonly shape: readonly [number, number] | null;
}

/** Texts that run together. */
export interface MicroBatch {
  /** Their places in the caller's list. */
  readonly places: readonly number[];
  /** Texts and tokens of the inputs, padding with them. */
  readonly shape: readonly [number, number];
  /** Integers [texts, tokens] by the input's name, padded on the right, and below where the graph takes more texts. */
  readonly inputs: ReadonlyMap<string, BigInt64Array | Int32Array>;
}

export function inputSpecOf(manifest: Manifest): InputSpec {
  return {
    names: manifest.inputs,
    dtype: manifest.ids as InputSpec["dtype"],
    shape: manifest.fixed_shape,
  };
}

/** Group encodings of similar length, at most `tokensPerRun` padded tokens to a group, the longest
 *  first. A graph of fixed shape gets as many texts at a time as it takes. */
export function groupsOf(
  encodings: readonly Encoding[],
  { shape }: InputSpec,
  tokensPerRun: number,
): number[][] {
  const length = (place: number): number => encodings[place]!.ids.length;
  const order = [...encodings.keys()].sort((a, b) => length(a) - length(b) || a - b);
  const groups: number[][] = [];
  let group: number[] = [];
  for (const place of order) {
    // ascending, so each newcomer is the longest of its group
    const full = shape
      ? group.length === shape[0]
      : (group.length + 1) * length(place) > tokensPerRun;
    if (group.length > 0 && full) {
      groups.push(group);
      group = [];
    }
    group.push(place);
  }
  if (group.length > 0) groups.push(group);
  return groups.reverse();
}

/** The inputs of a graph for a group of texts. */
export function batchOf(
  encodings: readonly Encoding[],
  places: readonly number[],
  { names, dtype, shape }: InputSpec,
): MicroBatch {
  const members = places.map((place) => encodings[place]!);
  const longest = members.reduce((most, { ids }) => Math.max(most, ids.length), 1);
  const [texts, tokens] = shape ?? [members.length, longest];
  const inputs = new Map(
    names.map((name) => [name, integers(members, name, dtype, texts, tokens)]),
  );
  return { places, shape: [texts, tokens], inputs };
}

function integers(
  members: readonly Encoding[],
  name: string,
  dtype: InputSpec["dtype"],
  texts: number,
  tokens: number,
): BigInt64Array | Int32Array {
  // the low halves of int64 where numbers are below 2^31; the high ones stay 0
  const step = dtype === "int64" ? 2 : 1;
  const numbers = new Int32Array(texts * tokens * step);
  members.forEach((encoding, row) => {
    const values = columnOf(encoding, name);
    values.forEach((value, i) => (numbers[(row * tokens + i) * step] = value));
  });
  return dtype === "int64" ? new BigInt64Array(numbers.buffer) : numbers;
}

function columnOf({ ids, typeIds }: Encoding, name: string): readonly number[] {
  if (name === "input_ids") return ids;
  return name === "token_type_ids" ? typeIds : ids.map(() => 1);
}
