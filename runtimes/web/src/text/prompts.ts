/** Which of a model's prompts stands before a document, and which before a query. */

const DOCUMENT = ["document", "passage", "corpus"];
const QUERY = ["query"];

/** What has prompts, by name: a manifest. */
export interface Prompted {
  readonly prompts: Readonly<Record<string, string>>;
}

/** Name of the prompt of texts that are searched; "" for none. The names are those that
 *  `encode_document` of sentence-transformers looks for, in its order. */
export function documentPrompt(model: Prompted): string {
  return first(DOCUMENT, model);
}

/** Name of the prompt of texts that are searched for; "" for none. No other prompt takes its place. */
export function queryPrompt(model: Prompted): string {
  return first(QUERY, model);
}

function first(names: readonly string[], model: Prompted): string {
  return names.find((name) => Object.hasOwn(model.prompts, name) && model.prompts[name]) ?? "";
}
