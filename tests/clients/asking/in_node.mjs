// `node in_node.mjs URL KEY`, with the constants of questions.py on stdin: what each client for JavaScript
// gets, as JSON: [client, question, answer].
import { readFileSync } from "node:fs";

import { InferenceClient } from "@huggingface/inference";
import { CohereClientV2 } from "cohere-ai";
import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const asked = JSON.parse(readFileSync(0, "utf-8"));

async function* ofOpenai() {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const { REAL: model, TEXT, TEXTS, SHORT } = asked;
  const create = (body) => client.embeddings.create({ model, ...body });
  const vectors = (told) => told.data.map((found) => found.embedding);
  const one = await create({ input: TEXT }); // as base64, which the client asks for
  yield ["vector", one.data[0].embedding];
  yield ["tokens", [one.usage.prompt_tokens, one.usage.total_tokens]];
  yield ["vectors", vectors(await create({ input: TEXTS }))];
  yield ["vectors", vectors(await create({ input: TEXTS, encoding_format: "float" }))];
  yield ["short vectors", vectors(await create({ input: TEXTS, dimensions: SHORT }))];
  const names = [];
  for await (const found of client.models.list()) names.push(found.id);
  yield ["names", names];
  yield ["no such model", await refused(create({ model: "gpt", input: TEXT }))];
  yield ["token ids", await refused(create({ input: [1, 2, 3] }))];
  const stranger = client.withOptions({ apiKey: "guessed" });
  yield ["wrong key", await refused(stranger.embeddings.create({ model, input: TEXT }))];
}

async function* ofHuggingFace() {
  const of = (name, token = key) => new InferenceClient(token).endpoint(`${url}/models/${name}`);
  const real = of(asked.REAL);
  yield ["matrix of one", await real.featureExtraction({ inputs: asked.TEXT })];
  yield ["vectors", await real.featureExtraction({ inputs: asked.TEXTS, normalize: true })];
  const sides = { source_sentence: asked.QUERY, sentences: asked.DOCUMENTS };
  yield ["similarities", await real.sentenceSimilarity({ inputs: sides })];
  const labels = await of("classifier").textClassification({ inputs: asked.TEXT });
  yield ["labels of classifier", labels];
  yield ["entities", await of("tagger").tokenClassification({ inputs: asked.NAMED })];
  const question = { question: asked.QUESTION, context: asked.CONTEXT };
  yield ["answer", [await of("reader").questionAnswering({ inputs: question })]];
  yield ["fills", await of("filler").fillMask({ inputs: asked.MASKED })];
  const stranger = of(asked.REAL, "guessed");
  yield ["wrong key", await refused(stranger.featureExtraction({ inputs: asked.TEXT }))];
}

async function* ofCohere() {
  const client = new CohereClientV2({ token: key, environment: url });
  const body = { model: "reranker", query: asked.QUERY, documents: asked.DOCUMENTS };
  const ranked = (told) => told.results.map((each) => [each.index, each.relevanceScore]);
  yield ["order", ranked(await client.rerank(body))];
  yield ["best two", ranked(await client.rerank({ ...body, topN: 2 }))];
  yield ["no such model", await refused(client.rerank({ ...body, model: "gpt" }))];
}

async function refused(given) {
  try {
    return { error: "none", said: JSON.stringify(await given).slice(0, 200) };
  } catch (error) {
    const said = [error.message, JSON.stringify(error.httpResponse?.body ?? error.body ?? "")];
    return { error: error.constructor.name, said: said.join(" ") };
  }
}

const clients = {
  "openai (Node)": ofOpenai,
  "@huggingface/inference": ofHuggingFace,
  "cohere-ai (Node)": ofCohere,
};
const given = [];
for (const [client, ask] of Object.entries(clients)) {
  for await (const [question, answer] of ask()) given.push([client, question, answer]);
}
process.stdout.write(JSON.stringify(given));
