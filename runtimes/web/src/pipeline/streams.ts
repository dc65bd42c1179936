/** One text, a list, or a stream of texts: each is asked for in lists. */

import { kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";

/** Texts that come one by one: a generator, lines of a file, messages. */
export type Stream<T> = Iterable<T> | AsyncIterable<T>;

/** Answers a list, in order. */
export type AnswerList<A> = (items: readonly unknown[], start: number) => Promise<A[]>;

/** Answer one text, a list, or a stream: with a promise of one answer, of a list, or a generator. */
export function asked<A>(
  texts: unknown,
  answer: AnswerList<A>,
): Promise<A> | Promise<A[]> | AsyncGenerator<A, void> {
  if (typeof texts === "string") {
    const one: Promise<A> = answer([texts], 0).then(([only]) => only as A);
    return one;
  }
  if (Array.isArray(texts)) return answer(texts, 0);
  if (isStream(texts)) return streamed(texts, answer);
  const refused: Promise<A> = Promise.reject(
    new InputError(`expected a text or texts, not ${kindOf(texts)}`),
  );
  return refused;
}

export function isStream(value: unknown): value is Stream<unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (ArrayBuffer.isView(value)) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

/** The answers to the texts of a stream; what came meanwhile is answered together. */
async function* streamed<A>(
  texts: Stream<unknown>,
  answer: AnswerList<A>,
): AsyncGenerator<A, void> {
  let start = 0;
  for await (const window of windowsOf(texts)) {
    yield* await answer(window, start);
    start += window.length;
  }
}

/** Texts of a window: room to sort in, little to keep. */
const TEXTS = 1024;
/** Characters after which a window is closed: the tokens of all its texts are kept. */
const CHARACTERS = 1_000_000;
/** A text that takes so long to come is not waited for by those before it. */
const SLOW_MS = 20;
/** Texts that took a little each end their window after so long. */
const WINDOW_MS = 100;

/** Texts of a stream that are answered together; the first one by itself, so that its answer comes
 *  at once. An error of the stream comes after the answers to all texts before. */
async function* windowsOf(stream: Stream<unknown>): AsyncGenerator<unknown[], void> {
  const items =
    Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  let coming: Promise<IteratorResult<unknown>> | null = null;
  let limit = 1;
  try {
    for (let more = true; more; limit = TEXTS) {
      const window: unknown[] = [];
      let failed: { readonly error: unknown } | null = null;
      let room = CHARACTERS;
      const opened = performance.now();
      while (more && !failed && window.length < limit && room > 0) {
        if (window.length > 0 && performance.now() - opened > WINDOW_MS) break;
        coming ??= Promise.resolve(items.next());
        const next: Arrival = await arrival(coming, window.length > 0);
        if (next === "slow") break;
        coming = null;
        if ("error" in next) failed = next;
        else if (next.done) more = false;
        else {
          window.push(next.value);
          room -= charactersOf(next.value);
        }
      }
      if (window.length > 0) yield window;
      if (failed) throw failed.error;
    }
  } finally {
    await items.return?.();
  }
}

type Arrival = IteratorResult<unknown> | { readonly error: unknown } | "slow";

async function arrival(
  coming: Promise<IteratorResult<unknown>>,
  hurried: boolean,
): Promise<Arrival> {
  const arrived = coming.catch((error: unknown) => ({ error }));
  if (!hurried) return arrived;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slow = new Promise<"slow">((resolve) => (timer = setTimeout(resolve, SLOW_MS, "slow")));
  return Promise.race([arrived, slow]).finally(() => clearTimeout(timer));
}

/** Neighbouring items of a list, at most so many and of so many characters together, or one. */
export function portionsOf<T>(items: readonly T[], most = TEXTS): T[][] {
  const portions: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = charactersOf(item);
    const last = portions.at(-1);
    if (!last || last.length === most || room < size) {
      portions.push([item]);
      room = CHARACTERS - size;
    } else {
      last.push(item);
      room -= size;
    }
  }
  return portions;
}

function charactersOf(item: unknown): number {
  return typeof item === "string" ? item.length : Array.isArray(item) ? item.join("").length : 0;
}
