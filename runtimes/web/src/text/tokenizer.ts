import type { Tokenizer } from "./encoding";

export declare function openTokenizer(json: unknown): Tokenizer;
