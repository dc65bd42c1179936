/** The best of many: records with a place and a score, and how the best are picked. */
/** One of the texts or vectors that were ranked. */
export interface Hit {
    /** Its place among them. */
    readonly index: number;
    /** The higher the better; of a search the similarity that the model is for. */
    readonly score: number;
    /** null where vectors were given. */
    readonly text: string | null;
}
/** Places of the k largest, largest first, of equals the first one first. */
export declare function largest(scores: ArrayLike<number>, k: number): number[];
/** All texts, the highest score first. */
export declare function ranked(texts: readonly string[], scores: readonly number[]): Hit[];
/** The texts that are to be ranked for a query.
 *  @throws InputError the query is not a text, or the texts are not several. */
export declare function checkRanking(query: unknown, texts: unknown): string[];
