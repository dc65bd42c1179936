/** Answers to questions, as spans of a context of any length. */

import { type Encoding, type Span, tokenSpan } from "../text/index.ts";
import { type Rows, type Whole } from "./rows.ts";

/** The answer to a question: `context.slice(start, end)`. */
export interface Answer {
  /** Empty for no answer, which stands at 0 to 0. */
  readonly text: string;
  /** Probability that it starts there times the probability that it ends there, among the tokens of
   *  its part and "not here". */
  readonly score: number;
  /** UTF-16 code units of the context, as JavaScript counts. */
  readonly start: number;
  readonly end: number;
}

/** Tokens of an answer, as SQuAD's readers bound it. */
const LONGEST = 30;

/** The likeliest answer in all parts of a context.
 *  @param whole question and context, with rows [tokens, 2]: logits of where an answer starts and ends.
 *  @param allowNoAnswer whether it may be none, where each part finds that likelier. */
export function readAnswer({ text, parts, rows }: Whole, allowNoAnswer: boolean): Answer {
  const context = text[1]!;
  let best: Answer | null = null;
  let nowhere = 1;
  parts.forEach((part, i) => {
    const spans = contextSpans(context, part);
    const chances = chancesOf(rows[i]!, spans);
    nowhere = Math.min(nowhere, chances.starts[0]! * chances.ends[0]!);
    const found = bestSpan(rows[i]!, spans);
    if (found === null) return;
    const [first, last] = found;
    const score = chances.starts[first]! * chances.ends[last]!;
    if (best === null || score > best.score)
      best = answerOf(context, spans.slice(first, last + 1), score);
  });
  return best !== null && !(allowNoAnswer && nowhere > (best as Answer).score)
    ? best
    : { text: "", score: nowhere, start: 0, end: 0 };
}

type Spans = readonly (Span | null)[];

function answerOf(context: string, spans: Spans, score: number): Answer {
  const read = spans.filter(stands);
  const [start, end] = [read[0]![0], read.at(-1)![1]];
  return { text: context.slice(start, end), score, start, end };
}

/** The characters of each token of the context, null for all other tokens. */
function contextSpans(context: string, part: Encoding): Spans {
  return part.sequenceIds.map((side, i) =>
    side === 1 ? tokenSpan(context, part.offsets[i]!, part.tokens[i]!) : null,
  );
}

/** Whether a token of the context stands for characters, as part of an answer must. */
function stands(span: Span | null): span is Span {
  return span !== null && span[0] < span[1];
}

/** First and last token of the likeliest answer, null where there can be none. */
function bestSpan({ data }: Rows, spans: Spans): readonly [number, number] | null {
  const places = spans.flatMap((span, place) => (span === null ? [] : [place]));
  let best: readonly [number, number] | null = null;
  let most = -Infinity;
  for (let i = 0; i < places.length; i++) {
    const first = places[i]!;
    let holds = false;
    for (let j = i; j < Math.min(places.length, i + LONGEST); j++) {
      const last = places[j]!;
      holds ||= stands(spans[last]!);
      const score = Math.fround(data[2 * first]! + data[2 * last + 1]!);
      if (holds && score > most) {
        most = score;
        best = [first, last];
      }
    }
  }
  return best;
}

interface Chances {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

/** Softmax of starts and of ends over the context and the first token, which means "not here";
 *  0 for all other tokens. */
function chancesOf({ data }: Rows, spans: Spans): Chances {
  const [starts, ends] = [0, 1].map((side) => {
    const logits = Float64Array.from(spans, (span, i) =>
      i === 0 || span !== null ? data[2 * i + side]! : -Infinity,
    );
    const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const exponents = logits.map((logit) => Math.exp(logit - most));
    const sum = exponents.reduce((a, b) => a + b, 0);
    return exponents.map((exponent) => exponent / sum);
  });
  return { starts: starts!, ends: ends! };
}
