/** Questions with their contexts. */

import { kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";
import { isStream, type Stream } from "../pipeline/streams.ts";

/** Each question with its context: a list, or a stream where either side is one. A single text goes
 *  with each of the other side.
 *  @throws InputError a side holds no texts, or the two do not hold as many. */
export function pairsOf(
  question: unknown,
  context: unknown,
): unknown[] | AsyncGenerator<unknown[]> {
  for (const [name, given] of [
    ["question", question],
    ["context", context],
  ] as const) {
    if (typeof given === "string" || Array.isArray(given) || isStream(given)) continue;
    throw new InputError(`${name}: expected a text or texts, not ${kindOf(given)}`);
  }
  if (isStream(question) || isStream(context)) return zipped(question as Side, context as Side);
  const [questions, contexts] = [question, context] as (string | unknown[])[];
  if (typeof questions === "string") return (contexts as unknown[]).map((one) => [questions, one]);
  if (typeof contexts === "string") return questions!.map((one) => [one, contexts]);
  if (questions!.length !== contexts!.length) {
    throw new InputError(
      `${questions!.length} questions and ${contexts!.length} contexts: not as many`,
    );
  }
  return questions!.map((one, i) => [one, contexts![i]]);
}

type Side = string | Stream<unknown>;

async function* zipped(question: Side, context: Side): AsyncGenerator<unknown[]> {
  const [questions, contexts] = [iteratorOf(question), iteratorOf(context)];
  try {
    for (;;) {
      const [one, other] = await Promise.all([questions.next(), contexts.next()]);
      if (one.done || other.done) {
        const oneSided = typeof question === "string" || typeof context === "string";
        if (one.done === other.done || oneSided) return;
        throw new InputError("not as many contexts as questions");
      }
      yield [one.value, other.value];
    }
  } finally {
    await Promise.all([questions.return?.(), contexts.return?.()]);
  }
}

function iteratorOf(side: Side): Iterator<unknown> | AsyncIterator<unknown> {
  if (typeof side === "string") return repeated(side);
  return Symbol.asyncIterator in side ? side[Symbol.asyncIterator]() : side[Symbol.iterator]();
}

function* repeated(text: string): Generator<string> {
  for (;;) yield text;
}
