/** Scores of logits. */

import type { Scoring } from "../records/manifest.ts";

/** Scores of a row of logits: a softmax, a sigmoid of each, or the logits themselves. */
export function probabilities(logits: Float32Array, scoring: Scoring = "softmax"): Float32Array {
  if (scoring === "identity") return logits.slice();
  if (scoring === "sigmoid") return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponents = Float64Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = exponents.reduce((a, b) => a + b, 0);
  return Float32Array.from(exponents, (exponent) => exponent / sum);
}
