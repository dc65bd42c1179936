/** Text classification: labels for a text or a pair; of one label its score, as of rerankers. */

import { tokensOf } from "../text/index.ts";
import { probabilities } from "./logits.ts";
import { argmax, type Whole } from "./rows.ts";
import type { ModelSpec } from "./spec.ts";

/** The answer of a text classifier. */
export interface Classification {
  /** The most likely label; of a reranker its one label. */
  readonly label: string;
  /** Its probability; of a reranker the text's score. */
  readonly score: number;
  /** Probability of every label; they sum to 1 unless the task is multi-label or has one label. */
  readonly scores: Readonly<Record<string, number>>;
  /** For a multi-label task those with a probability of at least 0.5, else null. */
  readonly labels: readonly string[] | null;
}

/** The classification of a text; of several parts by the mean of their scores, each counted by its
 *  tokens: no part can outvote the others by being very sure. */
export function readClassification({ parts, rows }: Whole, spec: ModelSpec): Classification {
  const scored = rows.map(({ data }) => probabilities(data, spec.scoring));
  if (scored.length === 1) return classified(scored[0]!, argmax(rows[0]!.data), spec);
  const tokens = parts.map(tokensOf);
  const all = Math.max(
    tokens.reduce((a, b) => a + b, 0),
    1,
  );
  const mean = scored[0]!.map((_, label) =>
    scored.reduce((sum, scores, part) => sum + (tokens[part]! / all) * scores[label]!, 0),
  );
  return classified(mean, argmax(mean), spec);
}

function classified(scores: Float32Array, best: number, spec: ModelSpec): Classification {
  const { labels, multiLabel } = spec;
  return {
    label: labels[best]!,
    score: scores[best]!,
    scores: Object.fromEntries(labels.map((label, i) => [label, scores[i]!])),
    labels: multiLabel ? labels.filter((_, i) => scores[i]! >= 0.5) : null,
  };
}
