/** Which of a model's prompts stands before a document, and which before a query. */
/** What has prompts, by name: a manifest. */
export interface Prompted {
    readonly prompts: Readonly<Record<string, string>>;
}
/** Name of the prompt of texts that are searched; "" for none. The names are those that
 *  `encode_document` of sentence-transformers looks for, in its order. */
export declare function documentPrompt(model: Prompted): string;
/** Name of the prompt of texts that are searched for; "" for none. No other prompt takes its place. */
export declare function queryPrompt(model: Prompted): string;
