/** A bundle's tokenizer: texts to tokens that know their characters. */
import type { Tokenizer } from "./encoding.js";
/** The tokenizer of a bundle; it cuts as its file says, and pads nothing.
 *  @param json what tokenizer.json holds.
 *  @throws BundleError it is not a tokenizer, or one with a part that this client does not have. */
export declare function openTokenizer(json: unknown): Tokenizer;
