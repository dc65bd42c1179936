/** The nearest vectors of a corpus: all of them compared. */

import { turn, throwIfAborted } from "../cancelling.ts";
import { isBits, type Vector } from "./forms.ts";
import { type Hit, largest } from "./ranking.ts";
import { comparable, likeness, type Measure, requireSameWidth } from "./similarity.ts";

/** Numbers of a corpus that are looked at before events get their turn: some milliseconds. */
const NUMBERS = 2_000_000;

/** The k nearest of the corpus for each query, nearest first, of equals the first one first.
 *  @param texts of the corpus; null where it was given as vectors.
 *  @throws InputError widths differ, a number is not finite, or a form lost the lengths that are needed. */
export async function nearest(
  queries: readonly Vector[],
  corpus: readonly Vector[],
  k: number,
  texts: readonly string[] | null,
  measure: Measure,
  signal: AbortSignal | undefined,
): Promise<Hit[][]> {
  requireSameWidth(queries, corpus, ["queries", "a corpus"]);
  const bits = queries.some(isBits) || corpus.some(isBits);
  const asked = comparable(queries, "queries", measure, bits);
  const scores = asked.map(() => new Float64Array(corpus.length));
  const block = Math.max(
    1,
    Math.floor(NUMBERS / Math.max(1, (asked[0]?.numbers.length ?? 1) * asked.length)),
  );
  for (let start = 0; start < corpus.length; start += block) {
    const rows = comparable(corpus.slice(start, start + block), "corpus", measure, bits, start);
    asked.forEach((query, q) =>
      rows.forEach((row, i) => (scores[q]![start + i] = likeness(query, row, measure.name))),
    );
    await turn();
    throwIfAborted(signal);
  }
  return scores.map((all) => hitsOf(all, k, texts));
}

/** The k best by their scores. */
export function hitsOf(
  scores: ArrayLike<number>,
  k: number,
  texts: readonly string[] | null,
): Hit[] {
  return largest(scores, k).map((index) => ({
    index,
    score: scores[index]!,
    text: texts?.[index] ?? null,
  }));
}
