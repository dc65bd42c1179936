/** A model that runs in this thread. */

import { checkNumber, kindOf } from "../bounds.ts";
import { type Bytes, GOLDEN, readRecord } from "../bundle/index.ts";
import { throwIfAborted, turn } from "../cancelling.ts";
import { InputError } from "../errors.ts";
import { answers, type Pipeline, type Request } from "../pipeline/running.ts";
import { decodeGolden } from "../records/golden.ts";
import {
  EMBEDDINGS,
  FILL_MASK,
  QUESTION_ANSWERING,
  SPARSE_EMBEDDINGS,
  TEXT_CLASSIFICATION,
  TOKEN_CLASSIFICATION,
} from "../records/manifest.ts";
import { isSparse, nearestSparse, type SparseVector, sparseOf } from "../tasks/embedding.ts";
import { documentPrompt, queryPrompt, type Text } from "../text/index.ts";
import { isVector, type Vector } from "../vectors/forms.ts";
import type { Hit } from "../vectors/ranking.ts";
import { nearest } from "../vectors/searching.ts";
import { isOne, similarities, vectorsOf } from "../vectors/similarity.ts";
import { type GoldenAnswer, goldenAnswer, textOf, type Verification, verificationOf } from "./golden.ts";
import { type ModelInfo, promptOf } from "./info.ts";
import type { EmbedOptions, EmbedSparseOptions } from "./options.ts";
import {
  answering,
  classification,
  embedding,
  maskFilling,
  output,
  prompted,
  readAtOnce,
  type Reader,
  tagging,
} from "./requests.ts";
import type { ModelCore, Verb, Verbs } from "./verbs.ts";

/** What a model is made of. */
export interface Parts extends Reader {
  readonly info: ModelInfo;
  readonly pipeline: Pipeline;
  /** Bytes of the bundle's golden answers. */
  readonly golden: Bytes;
}

export function localModel(parts: Parts): ModelCore {
  const { engine } = parts.pipeline;
  return {
    info: parts.info,
    ask: async <V extends Verb>(verb: V, args: Parameters<Verbs[V]>, signal?: AbortSignal) => {
      engine.requireOpen();
      throwIfAborted(signal);
      const asked = verbsOf(parts, signal)[verb] as (...args: unknown[]) => ReturnType<Verbs[V]>;
      return asked(...args);
    },
    close: () => engine.close(),
  } as ModelCore;
}

function verbsOf(parts: Parts, signal: AbortSignal | undefined): Verbs {
  const { info, pipeline } = parts;
  const run = <A>(request: Request<A>, items: readonly unknown[], start: number): Promise<A[]> =>
    answers(pipeline, request, items, start, signal);
  const require = (verb: Verb, ...tasks: readonly string[]): void => requireTask(info, verb, tasks);
  const vectors = (items: readonly unknown[], start: number, options: EmbedOptions): Promise<Vector[]> =>
    run(embedding(parts, promptOf(info, options.prompt), info.width!, options), items, start);
  const sparse = async (items: readonly unknown[], start: number, options: EmbedSparseOptions): Promise<SparseVector[]> =>
    ((await vectors(items, start, options)) as Float32Array[]).map(sparseOf);
  return {
    embed: async (items, start, options) => {
      require("embed", EMBEDDINGS);
      return vectors(items, start, options);
    },
    embedSparse: async (items, start, options) => {
      require("embedSparse", SPARSE_EMBEDDINGS);
      const { prompt, longText } = options;
      return sparse(items, start, { ...(prompt !== undefined && { prompt }), ...(longText && { longText }) });
    },
    classify: async (items, start, options) => {
      require("classify", TEXT_CLASSIFICATION);
      return run(classification(parts, options), items, start);
    },
    tag: async (items, start, options) => {
      require("tag", TOKEN_CLASSIFICATION);
      return run(tagging(parts, options), items, start);
    },
    fillMask: async (items, start, options) => {
      require("fillMask", FILL_MASK);
      return run(maskFilling(parts, options), items, start);
    },
    answer: async (items, start, options) => {
      require("answer", QUESTION_ANSWERING);
      return run(answering(parts, options), items, start);
    },
    countTokens: async (items, start, { prompt }) =>
      each(prompted(parts, promptOf(info, prompt)), items, start, (text) => parts.tokenizer.count(text)),
    truncated: async (items, start, { prompt, maxLength }) => {
      const most = readAtOnce(parts, maxLength);
      const check = prompted(parts, promptOf(info, prompt));
      // a question is never cut, which is an error instead
      const byCount = maxLength !== undefined || info.task === QUESTION_ANSWERING;
      return each(check, items, start, (text) =>
        byCount ? parts.tokenizer.count(text) > most : parts.tokenizer.encode(text).overflowing.length > 0,
      );
    },
    similarity: async (a, b) => {
      require("similarity", EMBEDDINGS, SPARSE_EMBEDDINGS);
      const embed = (texts: readonly string[]): Promise<Vector[]> => vectors(texts, 0, {});
      const sides = [await vectorsOf("a", a, embed), await vectorsOf("b", b, embed)] as const;
      return similarities(...sides, ["a", "b"], parts.spec.measure);
    },
    search: async (queries, corpus, { k = 10 }) => {
      require("search", EMBEDDINGS, SPARSE_EMBEDDINGS);
      checkNumber("k", k, 1);
      const listed = listedCorpus(corpus);
      return info.task === SPARSE_EMBEDDINGS
        ? searchSparse(parts, queries, listed, k, sparse)
        : searchDense(parts, queries, listed, k, vectors, signal);
    },
    verify: () => verify(parts, signal),
  };
}

async function each<A>(
  check: Request<A>["check"],
  items: readonly unknown[],
  start: number,
  read: (text: Text) => A,
): Promise<A[]> {
  return items.map((item, place) => read(check(item, start + place)));
}

function requireTask({ path, task }: ModelInfo, verb: Verb, tasks: readonly string[]): void {
  if (tasks.includes(task)) return;
  throw new InputError(`${path} is a ${task} bundle; ${verb} needs one for ${tasks.join(" or ")}`);
}

function listedCorpus(corpus: unknown): readonly unknown[] {
  if (!Array.isArray(corpus)) throw new InputError(`corpus: expected texts or vectors, not ${kindOf(corpus)}`);
  if (corpus.length === 0) throw new InputError("the corpus is empty");
  return corpus;
}

type Embed = (texts: readonly unknown[], start: number, options: EmbedOptions) => Promise<Vector[]>;

async function searchDense(
  { info, spec }: Parts,
  queries: unknown,
  corpus: readonly unknown[],
  k: number,
  embed: Embed,
  signal: AbortSignal | undefined,
): Promise<Hit[][]> {
  const [query, document] = [queryPrompt(info), documentPrompt(info)];
  const found = await vectorsOf("corpus", corpus, (texts) => embed(texts, 0, { prompt: document }));
  const asked = await vectorsOf("queries", queries, (texts) => embed(texts, 0, { prompt: query }));
  const texts = isVector(corpus[0]) ? null : (corpus as string[]);
  return nearest(asked, found, k, texts, spec.measure, signal);
}

async function searchSparse(
  { info }: Parts,
  queries: unknown,
  corpus: readonly unknown[],
  k: number,
  embed: (texts: readonly unknown[], start: number, options: EmbedSparseOptions) => Promise<SparseVector[]>,
): Promise<Hit[][]> {
  const given = corpus.every(isSparse);
  const found = given ? corpus : await embed(corpus, 0, { prompt: documentPrompt(info) });
  const listed = isOne(queries) ? [queries] : queries;
  if (!Array.isArray(listed)) throw new InputError(`queries: expected texts, not ${kindOf(queries)}`);
  const asked = await embed(listed, 0, { prompt: queryPrompt(info) });
  return nearestSparse(asked, found as readonly SparseVector[], k, given ? null : (corpus as string[]));
}

/** Run the bundle's golden texts one by one, and compare tokens and outputs. */
async function verify(parts: Parts, signal: AbortSignal | undefined): Promise<Verification> {
  const { info, pipeline, golden: bytes } = parts;
  const golden = readRecord(decodeGolden, bytes, `${info.path}/${GOLDEN}`);
  const roundsOtherwise = info.manifest.quantization !== null && info.provider !== "cpu";
  const found: GoldenAnswer[] = [];
  for (const text of golden.texts) {
    const [whole] = await answers(pipeline, output(parts), [textOf(text)], found.length, signal);
    const [{ ids }, rows] = [whole!.parts[0]!, whole!.rows[0]!];
    found.push(goldenAnswer(text, ids, rows, golden.columns, roundsOtherwise));
    await turn();
  }
  return verificationOf(found);
}
