/** Embeddings: one vector for each text, dense or of the pieces of a vocabulary. */

import { tokensOf } from "../text/index.ts";
import { unit } from "../vectors/forms.ts";
import type { Hit } from "../vectors/ranking.ts";
import { hitsOf } from "../vectors/searching.ts";
import type { Whole } from "./rows.ts";

/** The pieces of a vocabulary that a text stands for, and what each weighs (SPLADE). */
export interface SparseVector {
  /** Ids of the pieces, ascending. */
  readonly indices: Int32Array;
  /** Of each, above 0. */
  readonly weights: Float32Array;
}

/** The mean of the vectors of a text's parts, each counted by its tokens; of one part its vector.
 *  @param normalize whether the mean is brought back to length 1. */
export function meanVector({ parts, rows }: Whole, normalize: boolean): Float32Array {
  if (rows.length === 1) return rows[0]!.data;
  const tokens = parts.map(tokensOf);
  const all = tokens.reduce((a, b) => a + b, 0);
  const mean = rows[0]!.data.map((_, i) =>
    rows.reduce((sum, { data }, part) => sum + (tokens[part]! / all) * data[i]!, 0),
  );
  return normalize ? unit(mean) : mean;
}

/** What is not 0 of a vector over the vocabulary. */
export function sparseOf(vector: Float32Array): SparseVector {
  const indices = Int32Array.from([...vector.keys()].filter((i) => vector[i]! > 0));
  return { indices, weights: Float32Array.from(indices, (i) => vector[i]!) };
}

export function isSparse(value: unknown): value is SparseVector {
  const { indices, weights } = (value ?? {}) as Partial<SparseVector>;
  return indices instanceof Int32Array && weights instanceof Float32Array;
}

/** The k texts with the largest dot product to each query, of equals the first one first. */
export function nearestSparse(
  queries: readonly SparseVector[],
  corpus: readonly SparseVector[],
  k: number,
  texts: readonly string[] | null,
): Hit[][] {
  const owners = new Map<number, { text: number; weight: number }[]>();
  corpus.forEach(({ indices, weights }, text) =>
    indices.forEach((piece, i) => {
      const found = owners.get(piece) ?? [];
      found.push({ text, weight: weights[i]! });
      owners.set(piece, found);
    }),
  );
  return queries.map((query) => {
    const scores = new Float32Array(corpus.length);
    query.indices.forEach((piece, i) => {
      for (const { text, weight } of owners.get(piece) ?? []) {
        scores[text] = scores[text]! + Math.fround(query.weights[i]! * weight);
      }
    });
    return hitsOf(scores, k, texts);
  });
}
