/** The best of many: records with a place and a score, and how the best are picked. */

import { kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";
import { checkText } from "../text/index.ts";

/** One of the texts or vectors that were ranked. */
export interface Hit {
  /** Its place among them. */
  readonly index: number;
  /** The higher the better; of a search the similarity that the model is for. */
  readonly score: number;
  /** null where vectors were given. */
  readonly text: string | null;
}

/** Places of the k largest, largest first, of equals the first one first. */
export function largest(scores: ArrayLike<number>, k: number): number[] {
  const heap: number[] = []; // the worst of the best on top
  const worse = (a: number, b: number): boolean =>
    scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);
  for (let i = 0; i < scores.length; i++) {
    if (heap.length < k) rise(heap, i, worse);
    else if (worse(heap[0]!, i)) sink(heap, i, worse);
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

type Worse = (a: number, b: number) => boolean;

function rise(heap: number[], item: number, worse: Worse): void {
  let place = heap.length;
  for (
    let above = (place - 1) >> 1;
    place > 0 && worse(item, heap[above]!);
    above = (place - 1) >> 1
  ) {
    heap[place] = heap[above]!;
    place = above;
  }
  heap[place] = item;
}

/** Put an item in the place of the worst. */
function sink(heap: number[], item: number, worse: Worse): void {
  let place = 0;
  for (let below = 1; below < heap.length; below = 2 * place + 1) {
    if (below + 1 < heap.length && worse(heap[below + 1]!, heap[below]!)) below += 1;
    if (!worse(heap[below]!, item)) break;
    heap[place] = heap[below]!;
    place = below;
  }
  heap[place] = item;
}

/** All texts, the highest score first. */
export function ranked(texts: readonly string[], scores: readonly number[]): Hit[] {
  return largest(scores, scores.length).map((index) => ({
    index,
    score: scores[index]!,
    text: texts[index]!,
  }));
}

/** The texts that are to be ranked for a query.
 *  @throws InputError the query is not a text, or the texts are not several. */
export function checkRanking(query: unknown, texts: unknown): string[] {
  if (typeof query !== "string")
    throw new InputError(`query: expected string, not ${kindOf(query)}`);
  if (!Array.isArray(texts))
    throw new InputError(`texts: expected several texts, not ${kindOf(texts)}`);
  return texts.map((text, place) => checkText(text, place, false) as string);
}
