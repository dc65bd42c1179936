/** What a loaded bundle can be asked: texts in; vectors, labels, entities and answers out. */

import { InputError } from "../errors.ts";
import { asked, isStream, type Stream } from "../pipeline/streams.ts";
import { TEXT_CLASSIFICATION } from "../records/manifest.ts";
import type { Classification } from "../tasks/classification.ts";
import type { SparseVector } from "../tasks/embedding.ts";
import type { Entity } from "../tasks/entities.ts";
import type { Fill } from "../tasks/masks.ts";
import type { Answer } from "../tasks/questions.ts";
import type { Text } from "../text/index.ts";
import type { Vector } from "../vectors/forms.ts";
import { checkRanking, type Hit, ranked } from "../vectors/ranking.ts";
import { type Compared, isOne } from "../vectors/similarity.ts";
import type { Verification } from "./golden.ts";
import { madeBy, type ModelInfo } from "./info.ts";
import type {
  AnswerOptions,
  Cancelling,
  ClassifyOptions,
  CountOptions,
  EmbedOptions,
  EmbedSparseOptions,
  FillMaskOptions,
  MadeByOptions,
  SearchOptions,
  TagOptions,
  TruncatedOptions,
} from "./options.ts";
import { pairsOf } from "./pairs.ts";
import type { ModelCore, Verbs } from "./verbs.ts";

/** One text gives one answer, a list a list in its order, and any other iterable a generator, which
 *  reads ahead what is there and waits for no more. A pair of texts is a list of two in a list. */
export interface Ask<Item, Answered, Options> {
  (text: string, options?: Options): Promise<Answered>;
  (texts: readonly Item[], options?: Options): Promise<Answered[]>;
  (texts: Stream<Item>, options?: Options): AsyncGenerator<Answered, void>;
}

/** A bundle that is ready to run. Every method throws `ClosedError` after `close`, `InputError` for
 *  another kind of bundle, for what is no text and for options out of range (in a list the message
 *  says which text), and the reason of its `signal` when that is cancelled. */
export interface Model extends ModelInfo {
  /** Turn texts into vectors: float32 [dim], or another form (`dtype`). */
  readonly embed: Ask<string, Float32Array, EmbedOptions & { readonly dtype?: "float32" }> &
    Ask<string, Vector, EmbedOptions>;
  /** Turn texts into weights of the pieces of the vocabulary, most of them 0 (SPLADE). */
  readonly embedSparse: Ask<string, SparseVector, EmbedSparseOptions>;
  /** Compare texts or vectors by what the model is for, mostly their cosine: a number for one and
   *  one; for several and several a Float32Array [b] for each of a; where one side is one, one. */
  similarity(a: string | Vector, b: string | Vector, options?: Cancelling): Promise<number>;
  similarity(
    a: string | Vector,
    b: readonly string[] | readonly Vector[],
    options?: Cancelling,
  ): Promise<Float32Array>;
  similarity(
    a: readonly string[] | readonly Vector[],
    b: string | Vector,
    options?: Cancelling,
  ): Promise<Float32Array>;
  similarity(
    a: readonly string[] | readonly Vector[],
    b: readonly string[] | readonly Vector[],
    options?: Cancelling,
  ): Promise<Float32Array[]>;
  /** Find the texts of a corpus that are nearest to each query, nearest first, of equals the first
   *  one first. All are compared. Texts are embedded anew at each call, queries with the prompt
   *  "query", the corpus with "document", "passage" or "corpus", where the manifest has one. */
  search(query: string | Vector, corpus: Corpus, options?: SearchOptions): Promise<Hit[]>;
  search(
    queries: readonly string[] | readonly Vector[],
    corpus: Corpus,
    options?: SearchOptions,
  ): Promise<Hit[][]>;
  search(
    queries: Stream<string> | Stream<Vector>,
    corpus: Corpus,
    options?: SearchOptions,
  ): AsyncGenerator<Hit[], void>;
  /** Classify texts and pairs of texts. */
  readonly classify: Ask<Text, Classification, ClassifyOptions>;
  /** Sort texts by how well they answer a query, the best first, by a bundle with a single label. */
  rerank(query: string, texts: readonly string[], options?: Cancelling): Promise<Hit[]>;
  /** Find the entities in texts of any length. */
  readonly tag: Ask<string, Entity[], TagOptions>;
  /** Guess what stands in the place of each mask (`maskToken`), the likeliest first, mask by mask. */
  readonly fillMask: Ask<string, Fill[], FillMaskOptions>;
  /** Find the answer to a question in a context of any length. One text on either side goes with
   *  each of the other side. Answers have at most 30 tokens. */
  answer(question: string, context: string, options?: AnswerOptions): Promise<Answer>;
  answer(
    question: string | readonly string[],
    context: string | readonly string[],
    options?: AnswerOptions,
  ): Promise<Answer[]>;
  answer(
    question: string | Stream<string>,
    context: string | Stream<string>,
    options?: AnswerOptions,
  ): AsyncGenerator<Answer, void>;
  /** Count the tokens of whole texts, special tokens and the prompt of `embed` included. */
  readonly countTokens: Ask<Text, number, CountOptions>;
  /** Say whether texts are longer than what the model reads of them. */
  readonly truncated: Ask<Text, boolean, TruncatedOptions>;
  /** Run the texts whose answers the bundle promised: tokens, and distances to what was expected
   *  and to the fp32 reference, within the bundle's tolerance.
   *  @throws BundleError golden.json is damaged, or the graph cannot run. */
  verify(options?: Cancelling): Promise<Verification>;
  /** The fingerprint of answers with these options. */
  madeBy(options: MadeByOptions): string;
  /** Give memory back, once runs that were begun have ended. */
  close(): Promise<void>;
}

/** Texts that are searched, or their vectors, dense or sparse. */
export type Corpus = readonly string[] | readonly Vector[] | readonly SparseVector[];

type Listed = {
  [V in keyof Verbs]: Verbs[V] extends (
    items: readonly unknown[],
    start: number,
    options: infer _O,
  ) => Promise<(infer _A)[]>
    ? V
    : never;
}[keyof Verbs];

/** The face of a model, here or in a worker. */
export function modelOf(core: ModelCore): Model {
  const { info } = core;
  return {
    ...info,
    embed: asking(core, "embed") as Model["embed"],
    embedSparse: asking(core, "embedSparse") as Model["embedSparse"],
    similarity: ((a: Compared, b: Compared, { signal }: Cancelling = {}) =>
      similarity(core, a, b, signal)) as Model["similarity"],
    search: searching(core) as Model["search"],
    classify: asking(core, "classify") as Model["classify"],
    rerank: (query, texts, { signal } = {}) => rerank(core, query, texts, signal),
    tag: asking(core, "tag") as Model["tag"],
    fillMask: asking(core, "fillMask") as Model["fillMask"],
    answer: answering(core) as Model["answer"],
    countTokens: asking(core, "countTokens") as Model["countTokens"],
    truncated: asking(core, "truncated") as Model["truncated"],
    verify: async ({ signal } = {}) => core.ask("verify", [], signal),
    madeBy: (options) => madeBy(info, options),
    close: () => core.close(),
  };
}

/** A verb of lists, for one text, a list or a stream. */
function asking(core: ModelCore, verb: Listed) {
  return (texts: unknown, { signal, ...options }: Cancelling = {}) =>
    asked(
      texts,
      (items, start) => core.ask(verb, [items, start, options], signal) as Promise<unknown[]>,
    );
}

async function similarity(
  core: ModelCore,
  a: Compared,
  b: Compared,
  signal: AbortSignal | undefined,
): Promise<number | Float32Array | Float32Array[]> {
  const rows = await core.ask("similarity", [a, b], signal);
  if (isOne(a)) return isOne(b) ? rows[0]![0]! : rows[0]!;
  return isOne(b) ? Float32Array.from(rows, (row) => row[0]!) : rows;
}

function searching(core: ModelCore) {
  return (queries: unknown, corpus: Corpus, { signal, ...options }: SearchOptions = {}) => {
    const search = (some: unknown): Promise<Hit[][]> =>
      core.ask("search", [some, corpus, options], signal);
    if (isOne(queries)) return search(queries).then(([hits]) => hits!);
    return isStream(queries) ? asked(queries, search) : search(queries);
  };
}

async function rerank(
  core: ModelCore,
  query: string,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Hit[]> {
  const { path, task, labels } = core.info;
  if (task === TEXT_CLASSIFICATION && labels.length !== 1) {
    throw new InputError(
      `${path} knows ${labels.length} labels; rerank needs a single one, whose score is the order`,
    );
  }
  const listed = checkRanking(query, texts);
  const pairs = listed.map((text) => [query, text]);
  const answers = await core.ask("classify", [pairs, 0, {}], signal);
  return ranked(
    listed,
    answers.map(({ score }) => score),
  );
}

function answering(core: ModelCore) {
  return (question: unknown, context: unknown, { signal, ...options }: AnswerOptions = {}) => {
    const ask = (pairs: readonly unknown[], start: number): Promise<Answer[]> =>
      core.ask("answer", [pairs, start, options], signal);
    if (typeof question === "string" && typeof context === "string") {
      return ask([[question, context]], 0).then(([answer]) => answer!);
    }
    try {
      return asked(pairsOf(question, context), ask);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  };
}
