/** What embedding models are asked: vectors, how alike they are, and the nearest of many. */

import { checkNumber, kindOf } from "../bounds.ts";
import { InputError } from "../errors.ts";
import { EMBEDDINGS, SPARSE_EMBEDDINGS } from "../records/manifest.ts";
import { isSparse, nearestSparse, sparseOf, type SparseVector } from "../tasks/embedding.ts";
import { documentPrompt, queryPrompt } from "../text/index.ts";
import { isVector, type Vector } from "../vectors/forms.ts";
import type { Hit } from "../vectors/ranking.ts";
import { nearest } from "../vectors/searching.ts";
import { isOne, similarities, vectorsOf } from "../vectors/similarity.ts";
import { type Asked, requireTask } from "./asked.ts";
import { promptOf } from "./info.ts";
import type { EmbedOptions, EmbedSparseOptions } from "./options.ts";
import { embedding } from "./requests.ts";
import type { Verbs } from "./verbs.ts";

type Items = readonly unknown[];

export function vectorVerbs(
  asked: Asked,
): Pick<Verbs, "embed" | "embedSparse" | "similarity" | "search"> {
  return {
    embed: async (items, start, options) => {
      requireTask(asked, "embed", EMBEDDINGS);
      return vectors(asked, items, start, options);
    },
    embedSparse: async (items, start, options) => {
      requireTask(asked, "embedSparse", SPARSE_EMBEDDINGS);
      return sparse(asked, items, start, options);
    },
    similarity: async (a, b) => {
      requireTask(asked, "similarity", EMBEDDINGS, SPARSE_EMBEDDINGS);
      const embed = (texts: Items): Promise<Vector[]> => vectors(asked, texts, 0, {});
      const sides = [await vectorsOf("a", a, embed), await vectorsOf("b", b, embed)] as const;
      return similarities(...sides, ["a", "b"], asked.spec.measure);
    },
    search: async (queries, corpus, { k = 10 }) => {
      requireTask(asked, "search", EMBEDDINGS, SPARSE_EMBEDDINGS);
      checkNumber("k", k, 1);
      const search = asked.info.task === SPARSE_EMBEDDINGS ? searchSparse : searchDense;
      return search(asked, queries, listedCorpus(corpus), k);
    },
  };
}

/** Vectors as the model gives them: of a sparse one whole. */
function vectors(
  asked: Asked,
  items: Items,
  start: number,
  options: EmbedOptions,
): Promise<Vector[]> {
  const { info } = asked;
  const request = embedding(asked, promptOf(info, options.prompt), info.width!, options);
  return asked.run(request, items, start);
}

async function sparse(
  asked: Asked,
  items: Items,
  start: number,
  { prompt, longText }: EmbedSparseOptions,
): Promise<SparseVector[]> {
  const options = { ...(prompt !== undefined && { prompt }), ...(longText && { longText }) };
  const found = await vectors(asked, items, start, options);
  return (found as Float32Array[]).map(sparseOf);
}

function listedCorpus(corpus: unknown): Items {
  if (!Array.isArray(corpus)) {
    throw new InputError(`corpus: expected texts or vectors, not ${kindOf(corpus)}`);
  }
  if (corpus.length === 0) throw new InputError("the corpus is empty");
  return corpus;
}

async function searchDense(
  asked: Asked,
  queries: unknown,
  corpus: Items,
  k: number,
): Promise<Hit[][]> {
  const { info, spec, signal } = asked;
  const embed = (prompt: string) => (texts: Items) => vectors(asked, texts, 0, { prompt });
  const found = await vectorsOf("corpus", corpus, embed(documentPrompt(info)));
  const wanted = await vectorsOf("queries", queries, embed(queryPrompt(info)));
  const texts = isVector(corpus[0]) ? null : (corpus as string[]);
  return nearest(wanted, found, k, texts, spec.measure, signal);
}

async function searchSparse(
  asked: Asked,
  queries: unknown,
  corpus: Items,
  k: number,
): Promise<Hit[][]> {
  const { info } = asked;
  const given = corpus.every(isSparse);
  const found = given ? corpus : await sparse(asked, corpus, 0, { prompt: documentPrompt(info) });
  const listed = isOne(queries) ? [queries] : queries;
  if (!Array.isArray(listed)) {
    throw new InputError(`queries: expected texts, not ${kindOf(queries)}`);
  }
  const wanted = await sparse(asked, listed, 0, { prompt: queryPrompt(info) });
  const texts = given ? null : (corpus as string[]);
  return nearestSparse(wanted, found as readonly SparseVector[], k, texts);
}
